package dev.tapestry.app.command;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.LocalTraining;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.corpus.ByteLevelTokenizer;
import dev.tapestry.corpus.BytePairTrainer;
import dev.tapestry.corpus.PermittedUse;
import dev.tapestry.corpus.TrainedTokenizer;
import dev.tapestry.node.Compute;
import dev.tapestry.node.NodeConfig;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeHome;
import dev.tapestry.node.NodeProgress;
import dev.tapestry.node.StopSignal;
import dev.tapestry.node.TrainerCommand;
import dev.tapestry.node.access.MemberCorpus;
import dev.tapestry.node.access.OpenText;
import dev.tapestry.node.trainer.RoundTask;
import dev.tapestry.node.trainer.RoundTrainer;
import dev.tapestry.training.Llama;
import dev.tapestry.training.LlamaConfig;
import dev.tapestry.training.Precision;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.weights.DType;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The smallest model and corpus with which everything works. */
final class Tiny {

    private static final String[] WORDS =
            "the committee shall vote on water and law before every session of its members"
                    .split(" ");

    private Tiny() {}

    static Path corpus(Path directory, String uses) throws IOException {
        Files.createDirectories(directory);
        Files.writeString(
                directory.resolve("card.yaml"),
                """
                name: Minutes
                licence: CC0-1.0
                category: open
                language: en
                residency: EU
                permitted-uses: [%s]
                text-format: lines
                """
                        .formatted(uses));
        Random random = new Random(5);
        Files.writeString(
                directory.resolve("minutes.txt"),
                IntStream.range(0, 200)
                        .mapToObj(_ ->
                                IntStream.range(0, 12)
                                        .mapToObj(_ -> WORDS[random.nextInt(WORDS.length)])
                                        .collect(Collectors.joining(" ")))
                        .collect(Collectors.joining("\n")));
        return directory;
    }

    /** A suite with a question, a text, and a task about training text. */
    static Path suite(Path directory) throws IOException {
        Files.createDirectories(directory);
        Files.writeString(
                directory.resolve("suite.yaml"),
                """
                name: exam
                licence: CC0-1.0
                tasks:
                  - {type: multiple-choice, name: terms, items: terms.jsonl}
                  - {type: bits-per-byte, name: texts, domains: {minutes: [minutes.txt]}, sequence: 16}
                  - {type: memorisation, name: memory, verbatim: {prefix: 4, pieces: 2, tokens: 4}}
                """);
        Files.writeString(
                directory.resolve("terms.jsonl"),
                """
                {"question":"What is voted on?","choices":["water","every session"],"answer":0}
                {"question":"Who votes?","choices":["the law","the committee"],"answer":1}
                """);
        Files.writeString(directory.resolve("minutes.txt"), String.join(" ", WORDS));
        return directory;
    }

    static Path model(Path directory) {
        BytePairTrainer trainer = new BytePairTrainer(270);
        trainer.add(String.join(" ", WORDS).repeat(3));
        TrainedTokenizer trained = trainer.train();
        ByteLevelTokenizer tokenizer = trained.tokenizer();
        LlamaConfig shape =
                LlamaConfig.small(trained.vocabSize(), 8, 16, 1, 2, 1, 64)
                        .withDocumentTokens(tokenizer.beginOfText(), tokenizer.endOfText());
        try (Llama llama = Llama.fresh(shape, 3)) {
            llama.saveTo(directory, DType.F32);
        }
        trained.write(directory);
        return directory;
    }

    /** The examples' charter, for a consortium of one whose models need not be good. */
    static Path charter(Path file, String roundDeadline) throws IOException {
        return Files.writeString(
                file,
                Files.readString(Path.of("..", "docs", "examples", "charter.yaml"))
                        .replace("name: Nordic law", "name: Walkers")
                        .replace("influenceCap: 0.5", "influenceCap: 1.0")
                        .replace("quorum: 2", "quorum: 1")
                        .replace("roundDeadline: PT24H", "roundDeadline: " + roundDeadline)
                        .replace("qualityFloorBitsPerByte: 8", "qualityFloorBitsPerByte: 100")
                        .replace(
                                "releaseToleranceBitsPerByte: 0.05",
                                "releaseToleranceBitsPerByte: 10"));
    }

    /** A run of one round. */
    static Path plan(Path file) throws IOException {
        return Files.writeString(
                file,
                """
                rounds: 1
                training: {steps: 2, optimizer: MUON, learningRate: 0.005, finalLearningRateRatio: 0.1,
                  schedule: COSINE, warmupTokens: 8, totalTokens: 128, batchSequences: 2,
                  sequenceLength: 32, weightDecay: 0.01, clipNorm: 1.0, seed: 1}
                merge: {outer: {type: sgd, learningRate: 1.0, momentum: 0.0, nesterov: false}, aggregator: {type: mean}}
                scoringTokens: 500
                """);
    }

    /** A simulation of three members and one round, without text. */
    static Path simulation(Path file) throws IOException {
        return Files.writeString(
                file,
                """
                seed: 1
                rounds: 1
                steps: 2
                members: {count: 3, secondsPerStep: 1, speedSpread: 0,
                  line: {downMbits: 10, upMbits: 10, latencyMillis: 1, spread: 0}}
                charter: {name: Simulated, weighting: EQUAL, influenceCap: 0.5, quorum: 2,
                  roundDeadline: PT1H, scoringDeadline: PT1H, qualityFloorBitsPerByte: 100,
                  maxRelativeUpdateNorm: 1, releaseToleranceBitsPerByte: 1, contributionQuotaBytes: 100000}
                mergeTime: PT1S
                learning: {type: noisy-quadratic, dimensions: 10, condition: 2, heterogeneity: 0, noise: 0, learningRate: 0.1}
                variants:
                  - name: mean
                    merge: {outer: {type: sgd, learningRate: 1.0, momentum: 0.0, nesterov: false}, aggregator: {type: mean}}
                """);
    }

    /** Changes a word of the same length wherever it stands in the file. */
    static void falsify(Path file, String from, String to) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        byte[] word = from.getBytes(StandardCharsets.UTF_8);
        try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
            for (int i = 0; i + word.length <= bytes.length; i++) {
                if (Arrays.equals(bytes, i, i + word.length, word, 0, word.length)) {
                    out.seek(i);
                    out.write(to.getBytes(StandardCharsets.UTF_8));
                }
            }
        }
    }

    /**
     * A job directory as a node lays it out for a trainer of its own: two steps of AdamW. A trainer
     * that does nothing leaves it so.
     */
    static Path job(Path directory) throws IOException {
        Files.createDirectories(directory);
        Path job = directory.resolve("job");
        NodeHome home = new NodeHome(directory.resolve("node"));
        Path base = Tiny.model(directory.resolve("base"));
        MemberId member = new MemberId("oulu");
        NodeConfig config =
                NodeConfig.standard(
                                member,
                                Tiny.corpus(
                                        directory.resolve("text"), "contributed-cpt, evaluation"))
                        .with(Compute.of(1, Precision.AUTO))
                        .withTrainer(
                                new TrainerCommand(
                                        List.of("true"), Map.of(), Duration.ofMinutes(1), job));
        RoundPlan plan =
                new RoundPlan(
                        new RoundNumber(1),
                        Digest.of(new byte[0]),
                        new LocalTraining(
                                2,
                                LocalTraining.Optimizer.ADAMW,
                                0.01,
                                0.1,
                                LocalTraining.Schedule.COSINE,
                                0,
                                1000,
                                2,
                                16,
                                0,
                                1,
                                3),
                        MergeRule.fedAvg(),
                        100,
                        List.of(member),
                        Instant.parse("2100-01-01T00:00:00Z"));
        try (OpenText text =
                new MemberCorpus(home, config).open(base, PermittedUse.CONTRIBUTED_CPT)) {
            RoundTrainer idle =
                    RoundTrainer.of(
                            home,
                            config,
                            NodeProgress.silent(),
                            new StopSignal(),
                            InstantSource.system());
            RoundTask task =
                    new RoundTask(
                            plan,
                            CanonicalJson.digest(plan),
                            0,
                            base,
                            plan.training().steps(),
                            Optional.empty());
            assertThatThrownBy(() -> idle.train(task, text, directory.resolve("none")))
                    .isInstanceOf(NodeException.class)
                    .hasMessageContaining("metrics.jsonl ends with step 0");
        }
        return job;
    }
}
