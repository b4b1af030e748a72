package dev.tapestry.node.build;

import dev.tapestry.consortium.Digest;
import dev.tapestry.corpus.DatasetCard;
import dev.tapestry.corpus.PermittedUse;
import dev.tapestry.node.NodeConfig;
import dev.tapestry.node.NodeEvent.Verdict;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.NodeHome;
import dev.tapestry.node.NodeLog;
import dev.tapestry.node.NodeProgress;
import dev.tapestry.node.NodeUpdate;
import dev.tapestry.node.StopSignal;
import dev.tapestry.node.access.MemberCorpus;
import dev.tapestry.node.access.OpenText;
import dev.tapestry.training.Trainer;
import dev.tapestry.training.TrainingPlan;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.weights.Manifests;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.gguf.GgufWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Optional;

/**
 * Stage A of a Sovereign Build: a base continues its pre-training on the member's own text, with an
 * evaluation before and after, and becomes a model in the formats that the world uses. Nothing of
 * it touches the network.
 */
public final class SovereignBuild {

    private final NodeHome home;
    private final SovereignShelf shelf;
    private final NodeConfig config;
    private final MemberCorpus corpus;
    private final HeldOutEvaluation evaluation;
    private final NodeLog log;
    private final NodeProgress progress;
    private final StopSignal stop;
    private final InstantSource clock;

    /** Builds in {@code sovereign/}. */
    public SovereignBuild(
            NodeHome home,
            NodeConfig config,
            MemberCorpus corpus,
            HeldOutEvaluation evaluation,
            NodeLog log,
            NodeProgress progress,
            StopSignal stop,
            InstantSource clock) {
        this.home = home;
        this.shelf = new SovereignShelf(home);
        this.config = config;
        this.corpus = corpus;
        this.evaluation = evaluation;
        this.log = log;
        this.progress = progress;
        this.stop = stop;
        this.clock = clock;
    }

    /**
     * Makes a model. An older one of the same name gives way when the new one is whole.
     *
     * @throws NodeException {@code POLICY}: the card does not permit private-cpt and evaluation;
     *     {@code WRONG_MODEL}, {@code STOPPED}, {@code STORAGE}
     */
    public SovereignModel build(BuildOrder order) {
        DatasetCard card = corpus.require(PermittedUse.PRIVATE_CPT, PermittedUse.EVALUATION);
        began(NodeUpdate.Phase.BUILDING, order.name() + " from " + order.base());
        Path target = home.sovereign(order.name());
        Path draft = draft(order);
        try (OpenText text = corpus.open(order.base(), PermittedUse.PRIVATE_CPT)) {
            double before = evaluate(order, "before", order.base(), text);
            TrainingRun.Result trained = train(order, text, draft);
            double after = evaluate(order, "after", draft, text);
            SovereignModel model =
                    new SovereignModel(
                            config.member(),
                            target,
                            CanonicalJson.digest(Manifests.of(draft)),
                            CanonicalJson.digest(Manifests.of(order.base())),
                            trained.tokens(),
                            before,
                            after);
            export(order, model, card, draft);
            log.decided(
                    clock.instant(),
                    Optional.empty(),
                    Verdict.BUILT,
                    "%s, %s, from base %s".formatted(order.name(), model.digest(), model.base()));
            return model;
        }
    }

    /**
     * How a model does on this member's held-out text.
     *
     * @param model a model directory with {@code tokenizer.json}
     * @throws NodeException {@code POLICY}: the card does not permit evaluation
     */
    public HeldOutEvaluation.Result evaluate(Path model, int sequenceLength, long maxTokens) {
        try (OpenText text = corpus.open(model, PermittedUse.EVALUATION)) {
            return evaluation.of(model, text.heldOut(), sequenceLength, maxTokens);
        }
    }

    private double evaluate(BuildOrder order, String stage, Path model, OpenText text) {
        stop.check();
        HeldOutEvaluation.Result result =
                evaluation.of(
                        model,
                        text.heldOut(),
                        order.training().sequenceLength(),
                        order.scoringTokens());
        progress.on(
                new NodeUpdate.Evaluated(
                        clock.instant(),
                        order.name(),
                        stage,
                        result.bitsPerByte(),
                        result.bytes()));
        return result.bitsPerByte();
    }

    private TrainingRun.Result train(BuildOrder order, OpenText text, Path draft) {
        TrainingPlan plan = TrainingPlans.of(order.training(), config.compute());
        began(NodeUpdate.Phase.TRAINING, order.training().steps() + " steps of " + order.name());
        try (ModelDirectory base = ModelDirectory.open(order.base());
                Trainer trainer = Trainer.begin(base, plan, text.train())) {
            TrainingRun.Result result =
                    new TrainingRun(plan, order.training().steps(), 0, progress, stop, clock)
                            .rest(trainer, text.train());
            trainer.exportLike(base, draft);
            return result;
        }
    }

    private void export(BuildOrder order, SovereignModel model, DatasetCard card, Path draft) {
        try {
            GgufWriter.write(draft, draft.resolve("weights.gguf"), order.quantisation());
            Files.writeString(draft.resolve("README.md"), ModelCard.text(order, model, card));
            shelf.publish(order.name());
        } catch (IOException e) {
            throw storage("write", model.directory(), e);
        }
    }

    private Path draft(BuildOrder order) {
        try {
            return shelf.draft(order.name());
        } catch (IOException e) {
            throw storage("clear", home.sovereign(), e);
        }
    }

    private static NodeException storage(String what, Path place, IOException e) {
        return new NodeException(Code.STORAGE, "cannot " + what + " " + place + ": " + e, e);
    }

    private void began(NodeUpdate.Phase phase, String detail) {
        progress.on(new NodeUpdate.Began(clock.instant(), phase, 0, detail));
    }

    /** The digest of any model directory, as bases are named. */
    public static Digest digest(Path model) {
        return CanonicalJson.digest(Manifests.of(model));
    }
}
