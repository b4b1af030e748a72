package dev.tapestry.node;

import dev.tapestry.consortium.CodedFile;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.LocalTraining;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.consortium.RunPlan;
import dev.tapestry.corpus.BytePairTrainer;
import dev.tapestry.corpus.TrainedTokenizer;
import dev.tapestry.node.egress.HttpProxy;
import dev.tapestry.node.egress.RetryPolicy;
import dev.tapestry.training.Llama;
import dev.tapestry.training.LlamaConfig;
import dev.tapestry.training.Precision;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.codec.Codec;
import dev.tapestry.weights.codec.CodedUpdate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;

/** A small consortium on a table: a coordinator's double, a member's text, a tiny base. */
final class Stage implements AutoCloseable {

    static final String CARD =
            """
            name: "Tales"
            licence: "CC0-1.0"
            category: private
            language: en
            residency: "FI"
            permitted-uses: [contributed-cpt, private-cpt, evaluation]
            text-format: lines
            """;

    static final RunPlan RUN = new RunPlan(3, training(3), MergeRule.fedAvg(), 200);

    static final int VOCABULARY = 300;

    final Path directory;
    final CoordinatorDouble coordinator;
    final NodeHome home;
    final Path corpus;
    private volatile NodeProgress watcher = NodeProgress.silent();
    final List<NodeUpdate> updates = new CopyOnWriteArrayList<>();

    Stage(Path directory) throws IOException {
        this.directory = directory;
        this.coordinator = new CoordinatorDouble(directory.resolve("coordinator"));
        this.home = new NodeHome(directory.resolve("node"));
        this.corpus = directory.resolve("corpus");
        Files.createDirectories(corpus);
        Files.writeString(corpus.resolve("card.yaml"), CARD);
        Files.writeString(corpus.resolve("tales.txt"), tales(400));
    }

    /** Lines of a small language of its own; always the same. */
    static String tales(int lines) {
        Random random = new Random(7);
        List<String> words =
                List.of("the", "old", "fox", "sees", "a", "red", "moon", "and", "sings");
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < lines; i++) {
            text.append("tale ").append(i).append(':');
            for (int w = 0; w < 12; w++) {
                text.append(' ').append(words.get(random.nextInt(words.size())));
            }
            text.append('\n');
        }
        return text.toString();
    }

    static RetryPolicy impatient() {
        return new RetryPolicy(
                Duration.ofMillis(2), Duration.ofMillis(4), new Random(1), pause -> {});
    }

    Enrolment enrolment() {
        return enrolment(Optional.empty());
    }

    Enrolment enrolment(Optional<HttpProxy> proxy) {
        return new Enrolment(proxy, InstantSource.system(), impatient(), outage -> {});
    }

    NodeConfig config() {
        return config(Precision.FP32);
    }

    NodeConfig config(Precision precision) {
        return new NodeConfig(
                CoordinatorDouble.MEMBER,
                corpus,
                Compute.of(1, precision),
                0.2,
                "",
                4,
                3,
                Duration.ofMinutes(5),
                Visibility.PROGRESS,
                Optional.empty(),
                Optional.empty());
    }

    /** Joins, and writes {@code node.yaml}. */
    Stage joined() {
        enrolment().join(home, coordinator.invite().text());
        config().write(home);
        return this;
    }

    Node node() {
        return node(config());
    }

    Node node(NodeConfig config) {
        return Node.open(
                home,
                config,
                update -> {
                    updates.add(update);
                    watcher.on(update);
                },
                InstantSource.system(),
                impatient());
    }

    /** What the node has written down so far. */
    List<NodeEvent> events() {
        try (NodeLog log = NodeLog.readOnly(home.log())) {
            return log.events().toList();
        }
    }

    /** Hears all further updates. */
    void watch(NodeProgress next) {
        watcher = next;
    }

    /** A base with a tokenizer trained on the tales. */
    Path base(String name, long seed) throws IOException {
        return base(name, seed, 16);
    }

    /** The same with so many numbers in each token's vector. */
    Path base(String name, long seed, int width) throws IOException {
        return base(directory.resolve(name), seed, width);
    }

    /** The same in a directory. */
    static Path base(Path base, long seed, int width) throws IOException {
        BytePairTrainer trainer = new BytePairTrainer(VOCABULARY);
        trainer.add(tales(50));
        TrainedTokenizer trained = trainer.train();
        LlamaConfig shape =
                LlamaConfig.small(VOCABULARY, width, 2 * width, 1, 2, 1, 32)
                        .withDocumentTokens(
                                trained.tokenizer().beginOfText(), trained.tokenizer().endOfText());
        try (Llama model = Llama.fresh(shape, seed)) {
            model.saveTo(base, DType.F32);
        }
        Files.write(base.resolve("tokenizer.json"), trained.tokenizerJson());
        return base;
    }

    /** Serves any numbers that are laid out like gradients; everybody's mean, in eight bits. */
    Digest meanGradient(Path base) throws IOException {
        Path target = Files.createDirectories(directory.resolve("mean-gradient"));
        CodedUpdate.encodeAfresh(Codec.INT8, base, target.resolve(CodedFile.GRADIENT), 1);
        return coordinator.serve(target);
    }

    static LocalTraining training(int steps) {
        return new LocalTraining(
                steps,
                LocalTraining.Optimizer.MUON,
                0.01,
                0.1,
                LocalTraining.Schedule.COSINE,
                0,
                10_000,
                4,
                16,
                0,
                1,
                42);
    }

    /** A round of a run in which whole weights travel. */
    static RoundPlan plan(int round, Digest base) {
        return plan(RUN, round, base);
    }

    /** A round of any run, before which nobody shared gradients. */
    static RoundPlan plan(RunPlan run, int round, Digest base) {
        return plan(run, round, base, Optional.empty());
    }

    static RoundPlan plan(RunPlan run, int round, Digest base, Optional<Digest> gradient) {
        return RoundPlan.of(
                run,
                new RoundNumber(round),
                base,
                gradient,
                List.of(CoordinatorDouble.MEMBER),
                Instant.parse("2100-01-01T00:00:00Z"));
    }

    @Override
    public void close() {
        coordinator.close();
    }
}
