package dev.tapestry.acceptance;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.LocalTraining;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.corpus.BytePairTrainer;
import dev.tapestry.corpus.PermittedUse;
import dev.tapestry.corpus.TrainedTokenizer;
import dev.tapestry.node.Compute;
import dev.tapestry.node.NodeConfig;
import dev.tapestry.node.NodeHome;
import dev.tapestry.node.NodeUpdate;
import dev.tapestry.node.NodeUpdate.Stepped;
import dev.tapestry.node.StopSignal;
import dev.tapestry.node.TrainerCommand;
import dev.tapestry.node.Visibility;
import dev.tapestry.node.access.MemberCorpus;
import dev.tapestry.node.access.OpenText;
import dev.tapestry.node.build.TrainingRun;
import dev.tapestry.node.trainer.GradientTask;
import dev.tapestry.node.trainer.RoundTask;
import dev.tapestry.node.trainer.RoundTrainer;
import dev.tapestry.training.Llama;
import dev.tapestry.training.LlamaConfig;
import dev.tapestry.training.Precision;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.weights.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** One member's text and small models, trained by whoever shall be compared. */
record TrainerStage(Path directory, Path corpus, boolean gradients) {

    private static final MemberId MEMBER = new MemberId("oulu");
    private static final int STEPS = 4;
    private static final int BATCH = 3;
    private static final int SEQUENCE = 24;
    private static final int VOCABULARY = 300;

    /** What a trainer made of a round, and what it told meanwhile. */
    record Trained(
            TrainingRun.Result result, Path model, Optional<Path> gradient, List<Stepped> steps) {}

    /** A member that is asked for its mean gradients beside the weights, or not. */
    static TrainerStage in(Path directory, boolean gradients) throws IOException {
        Path text = TinyCorpus.write(directory.resolve("text"), 11);
        return new TrainerStage(directory, text, gradients);
    }

    /**
     * Two layers, four heads that share two keys; so small that its losses are compared closely.
     */
    Path base(boolean tied) throws IOException {
        Path base = directory.resolve("base");
        BytePairTrainer trainer = new BytePairTrainer(VOCABULARY);
        trainer.add(Files.readString(corpus.resolve("minutes.txt")));
        TrainedTokenizer trained = trainer.train();
        LlamaConfig shape =
                LlamaConfig.small(trained.vocabSize(), 32, 48, 2, 4, 2, 64)
                        .withTiedEmbeddings(tied)
                        .withDocumentTokens(
                                trained.tokenizer().beginOfText(), trained.tokenizer().endOfText());
        try (Llama model = Llama.fresh(shape, 5)) {
            model.saveTo(base, DType.F32);
        }
        trained.write(base);
        return base;
    }

    /** How a run of a few rounds is trained. */
    static LocalTraining training(
            LocalTraining.Optimizer optimizer, LocalTraining.Schedule schedule) {
        return new LocalTraining(
                STEPS,
                optimizer,
                0.004,
                0.1,
                schedule,
                STEPS * BATCH * SEQUENCE / 2,
                3L * STEPS * BATCH * SEQUENCE,
                BATCH,
                SEQUENCE,
                0.05,
                0.5,
                77);
    }

    /**
     * Trains one round, in a node's directory that is called {@code name}.
     *
     * @param correction of its gradients; there is none in the first round
     */
    Trained train(
            String name,
            Optional<List<String>> command,
            LocalTraining training,
            int round,
            Path base,
            Optional<Path> correction) {
        NodeHome home = new NodeHome(directory.resolve(name));
        NodeConfig config =
                new NodeConfig(
                        MEMBER,
                        corpus,
                        Compute.of(1, Precision.FP32),
                        0.1,
                        "",
                        1,
                        3,
                        Duration.ofMinutes(5),
                        Visibility.PROGRESS,
                        Optional.empty(),
                        command.map(words ->
                                new TrainerCommand(
                                        words,
                                        Map.of(
                                                "TAPESTRY",
                                                directory.resolve("tapestry").toString()),
                                        Duration.ofMinutes(2),
                                        home.job())));
        List<Stepped> steps = new ArrayList<>();
        RoundTrainer trainer =
                RoundTrainer.of(
                        home,
                        config,
                        update -> {
                            if (update instanceof NodeUpdate.Stepped step) {
                                steps.add(step);
                            }
                        },
                        new StopSignal(),
                        InstantSource.system());
        RoundPlan plan =
                new RoundPlan(
                        new RoundNumber(round),
                        Digest.of(new byte[] {(byte) round}),
                        training,
                        MergeRule.fedAvg(),
                        100,
                        List.of(MEMBER),
                        Instant.parse("2100-01-01T00:00:00Z"));
        Path model = home.directory().resolve("trained-" + round);
        Optional<GradientTask> asked =
                Optional.of(
                                new GradientTask(
                                        correction, home.directory().resolve("gradient-" + round)))
                        .filter(_ -> gradients);
        try (OpenText text =
                new MemberCorpus(home, config).open(base, PermittedUse.CONTRIBUTED_CPT)) {
            RoundTask task =
                    new RoundTask(
                            plan,
                            CanonicalJson.digest(plan),
                            (round - 1) * training.tokensPerRound(),
                            base,
                            training.steps(),
                            asked);
            return new Trained(
                    trainer.train(task, text, model),
                    model,
                    asked.map(GradientTask::target),
                    List.copyOf(steps));
        }
    }
}
