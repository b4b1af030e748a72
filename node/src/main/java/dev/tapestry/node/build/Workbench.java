package dev.tapestry.node.build;

import dev.tapestry.consortium.Digest;
import dev.tapestry.corpus.PermittedUse;
import dev.tapestry.node.Compute;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.NodeHome;
import dev.tapestry.node.NodeProgress;
import dev.tapestry.node.NodeUpdate;
import dev.tapestry.node.StopSignal;
import dev.tapestry.node.access.MemberCorpus;
import dev.tapestry.node.access.OpenText;
import dev.tapestry.weights.gguf.GgufWriter;
import dev.tapestry.weights.gguf.Quantisation;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Where the stages of a plan are made and measured, and their models published. */
final class Workbench {

    private static final double HOLD_OUT = 0.05;

    private final NodeHome home;
    private final Compute compute;
    private final Duration checkpointEvery;
    private final NodeProgress progress;
    private final StopSignal stop;
    private final InstantSource clock;
    private final StageShelf stages;
    private final LossBook losses;
    private final ModelRegistry registry;

    Workbench(
            NodeHome home,
            Compute compute,
            Duration checkpointEvery,
            NodeProgress progress,
            StopSignal stop,
            InstantSource clock) {
        this.home = home;
        this.compute = compute;
        this.checkpointEvery = checkpointEvery;
        this.progress = progress;
        this.stop = stop;
        this.clock = clock;
        this.stages = new StageShelf(home.builds().resolve("stages"));
        this.losses = new LossBook(home.builds().resolve("losses"), new HeldOutEvaluation(compute));
        this.registry = new ModelRegistry(home);
    }

    ModelRegistry registry() {
        return registry;
    }

    NodeHome home() {
        return home;
    }

    void began(String detail) {
        progress.on(new NodeUpdate.Began(clock.instant(), NodeUpdate.Phase.BUILDING, 0, detail));
    }

    /**
     * The digest of a base.
     *
     * @throws NodeException {@code WRONG_MODEL} if there is none
     */
    static Digest base(Path base) {
        if (!Files.isDirectory(base)) {
            throw new NodeException(
                    Code.WRONG_MODEL, "there is no model directory %s".formatted(base));
        }
        return SovereignBuild.digest(base);
    }

    /**
     * A model that a stage has come to.
     *
     * @param model where it lies
     * @param reused whether it was here before
     */
    record Made(Path model, StageResult result, boolean reused) {

        Digest digest() {
            return result.model();
        }
    }

    /**
     * Makes a stage of a model, unless it was made before.
     *
     * @param place that paths in the plan are relative to
     */
    Made make(BuildStage stage, Path place, Path model, Digest digest, long seed) {
        stop.check();
        return switch (stage) {
            case BuildStage.Pretrain pretrain -> {
                MemberCorpus corpus = corpus(place.resolve(pretrain.corpus()));
                try (OpenText text = corpus.open(model, PermittedUse.PRIVATE_CPT)) {
                    yield pretrain(pretrain, model, digest, text, seed);
                }
            }
        };
    }

    private Made pretrain(
            BuildStage.Pretrain stage, Path model, Digest digest, OpenText text, long seed) {
        StageOrder order =
                new StageOrder(
                        StageOrder.FORMAT,
                        stage,
                        digest,
                        List.of(new StageOrder.Text("train", text.trainDigest(), text.card())),
                        seed);
        Optional<StageResult> finished = stages.finished(order);
        StageResult result =
                finished.orElseGet(() ->
                        new Pretraining(stages, compute, checkpointEvery, progress, stop, clock)
                                .run(order, stage, model, text));
        return new Made(stages.model(order), result, finished.isPresent());
    }

    /**
     * The texts that a plan is measured on, as tokens of a model's tokenizer.
     *
     * @param own of the member
     * @param retained that the base knew, or none
     */
    record Texts(HeldOut own, HeldOut retained, EvaluationPlan plan) implements AutoCloseable {

        @Override
        public void close() {
            own.close();
            retained.close();
        }
    }

    /** Opens the texts that a plan is measured on. */
    Texts texts(EvaluationPlan plan, Path place, Path model) {
        HeldOut own = heldOut(place.resolve(plan.own()), model);
        try {
            return new Texts(
                    own,
                    plan.retention()
                            .map(corpus -> heldOut(place.resolve(corpus), model))
                            .orElse(HeldOut.NONE),
                    plan);
        } catch (RuntimeException e) {
            own.close();
            throw e;
        }
    }

    private HeldOut heldOut(Path corpus, Path model) {
        return new HeldOut(corpus(corpus).open(model, PermittedUse.EVALUATION));
    }

    /** How a model does; the same question is not asked twice. */
    BuildResult.Loss loss(String name, String stage, Path model, Digest digest, Texts texts) {
        stop.check();
        int sequence = texts.plan().sequenceLength();
        long tokens = texts.plan().scoredTokens();
        BuildResult.Loss loss =
                new BuildResult.Loss(
                        texts.own().loss(losses, model, digest, sequence, tokens).orElseThrow(),
                        texts.retained().loss(losses, model, digest, sequence, tokens));
        progress.on(new NodeUpdate.Evaluated(clock.instant(), name, stage, loss.own(), tokens));
        return loss;
    }

    /** Each text's tokens are kept apart from the others'. */
    private MemberCorpus corpus(Path directory) {
        Path normal = directory.toAbsolutePath().normalize();
        Digest name = Digest.of(normal.toString().getBytes(StandardCharsets.UTF_8));
        return MemberCorpus.of(
                normal,
                HOLD_OUT,
                home.builds().resolve("tokens").resolve(name.hex().substring(0, 16)));
    }

    /**
     * Gives a model its name, in the formats that the world uses, and writes down where it comes
     * from.
     */
    Path publish(BuildPlan plan, Path model, Lineage lineage, String card) {
        SovereignShelf shelf = new SovereignShelf(home);
        try {
            Files.createDirectories(home.sovereign());
            Path draft = shelf.draft(plan.name());
            Files.createDirectories(draft);
            try (Stream<Path> files = Files.list(model)) {
                for (Path file : files.toList()) {
                    Files.copy(file, draft.resolve(file.getFileName()));
                }
            }
            GgufWriter.write(
                    draft, draft.resolve("weights.gguf"), plan.gguf().orElse(Quantisation.F16));
            Files.writeString(draft.resolve("README.md"), card);
            registry.add(lineage);
            shelf.publish(plan.name());
            return home.sovereign(plan.name());
        } catch (IOException e) {
            throw new NodeException(
                    Code.STORAGE, "cannot write " + home.sovereign(plan.name()) + ": " + e, e);
        }
    }
}
