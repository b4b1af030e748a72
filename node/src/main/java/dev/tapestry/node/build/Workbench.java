package dev.tapestry.node.build;

import dev.tapestry.consortium.Digest;
import dev.tapestry.corpus.ByteLevelTokenizer;
import dev.tapestry.node.Compute;
import dev.tapestry.node.NodeConfig;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.NodeHome;
import dev.tapestry.node.NodeProgress;
import dev.tapestry.node.NodeUpdate;
import dev.tapestry.node.StopSignal;
import dev.tapestry.node.access.MemberCorpus;
import dev.tapestry.node.constitution.Guard;
import dev.tapestry.training.LlamaConfig;
import dev.tapestry.weights.Drafts;
import dev.tapestry.weights.ModelDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Where the stages of a plan are made and measured, and their models published. */
final class Workbench {

    private final NodeHome home;
    private final Compute compute;
    private final NodeProgress progress;
    private final StopSignal stop;
    private final InstantSource clock;
    private final StageShelf stages;
    private final LossBook losses;
    private final ModelRegistry registry;
    private final SuiteBench suites;
    private final MemberTexts texts;
    private final StageMaker maker;
    private final ModelPlaces models;
    private Withdrawn withdrawn;

    Workbench(
            NodeHome home,
            BundledTexts bundledTexts,
            Compute compute,
            NodeProgress progress,
            StopSignal stop,
            InstantSource clock) {
        this.home = home;
        this.compute = compute;
        this.progress = progress;
        this.stop = stop;
        this.clock = clock;
        this.stages = new StageShelf(home.builds().resolve("stages"));
        this.losses = new LossBook(home.builds().resolve("losses"), new HeldOutEvaluation(compute));
        this.registry = new ModelRegistry(home);
        this.withdrawn = Withdrawn.of(registry);
        this.suites =
                new SuiteBench(
                        home.builds().resolve("evaluations"), compute, progress, stop, clock);
        this.texts = new MemberTexts(home, bundledTexts, () -> withdrawn, compute, stop);
        this.maker = new StageMaker(stages, texts, compute, progress, stop, clock);
        this.models = new ModelPlaces(home, registry, () -> withdrawn);
    }

    /** Marks data as withdrawn. */
    void withdraw(WithdrawnData data) {
        registry.withdraw(data);
        withdrawn = Withdrawn.of(registry);
    }

    ModelRegistry registry() {
        return registry;
    }

    SuiteBench suites() {
        return suites;
    }

    NodeHome home() {
        return home;
    }

    /** The texts that plans name. */
    MemberTexts texts() {
        return texts;
    }

    /** What makes their stages. */
    StageMaker maker() {
        return maker;
    }

    /** Where models lie. */
    ModelPlaces models() {
        return models;
    }

    Withdrawn withdrawn() {
        return withdrawn;
    }

    /** Lays and prepares the text that a plan's stages read. */
    void prepare(BuildPlan plan, Path place) {
        texts.lay(plan, place);
        texts.prepare(plan, place, this::began);
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

    /** Where the base of a plan lies. */
    Path base(BuildPlan plan, Path place) {
        return plan.isOfModel()
                ? home.sovereign(plan.base().substring(BuildPlan.MODEL.length()))
                : place.resolve(plan.base()).normalize();
    }

    /** A plan's place, as a lineage has it: so that both can be moved together. */
    Optional<String> placed(Path place) {
        return Optional.of(
                home.directory().relativize(place.toAbsolutePath().normalize()).toString());
    }

    /** The place that paths in a lineage's plan are relative to. */
    Path place(Lineage lineage) {
        return home.directory().resolve(lineage.place().orElse("")).normalize();
    }

    /** What the stages of a plan would take. */
    BuildPreview preview(BuildPlan plan, Path place, Path base, Digest digest) {
        try (ModelDirectory directory = ModelDirectory.open(base)) {
            LlamaConfig config = LlamaConfig.of(directory);
            StageEstimates counted =
                    new StageEstimates(config, ByteLevelTokenizer.open(base), compute);
            List<StageEstimate> estimates = new ArrayList<>();
            Optional<Guard> guard = plan.guard(place);
            for (BuildStage stage : plan.stages()) {
                stop.check();
                estimates.add(counted.of(stage, guard, place));
            }
            return new BuildPreview(
                    digest,
                    config.parameters(),
                    estimates,
                    SpeedTrial.of(base, plan.stages().getFirst().settings(), compute));
        }
    }

    /** How a model does; the same question is not asked twice. */
    BuildResult.Loss loss(
            String name, String stage, Path model, Digest digest, MemberTexts.Measured measured) {
        stop.check();
        int sequence = measured.plan().sequenceLength();
        long tokens = measured.plan().scoredTokens();
        BuildResult.Loss loss =
                new BuildResult.Loss(
                        measured.own().loss(losses, model, digest, sequence, tokens).orElseThrow(),
                        measured.retained().loss(losses, model, digest, sequence, tokens));
        progress.on(new NodeUpdate.Evaluated(clock.instant(), name, stage, loss.own()));
        return loss;
    }

    /** The card of a model that a plan makes. */
    BuildCard card(BuildPlan plan, Path place) {
        return new BuildCard(
                plan,
                texts.node().map(NodeConfig::member),
                ModelOrigin.find(base(plan, place)),
                plan.stages().stream()
                        .flatMap(BuildStage::texts)
                        .distinct()
                        .map(text -> MemberCorpus.card(texts.directory(place, text)))
                        .toList());
    }

    /** Models of stages that led to withdrawn models, and to none that stays. */
    private Set<Digest> ledToWithdrawn() {
        Set<Digest> led = new HashSet<>();
        Set<Digest> stay = new HashSet<>();
        for (Lineage lineage : registry.all()) {
            Set<Digest> those = withdrawn.isModel(lineage.model()) ? led : stay;
            lineage.stages().forEach(stage -> those.add(stage.model()));
        }
        led.removeAll(stay);
        return led;
    }

    /** What a withdrawal leaves of stages, texts and models that came of the data: nothing. */
    void forgetWithdrawn() {
        try {
            Set<Digest> led = ledToWithdrawn();
            stages.forget(result ->
                    result.order().texts().stream().anyMatch(withdrawn::isData)
                            || withdrawn.isModel(result.order().model())
                            || withdrawn.isModel(result.model())
                            || led.contains(result.model()));
            Drafts.delete(home.builds().resolve("tokens"));
            Drafts.delete(home.builds().resolve("prepared"));
            models.dropReplaced();
        } catch (IOException e) {
            throw new NodeException(
                    Code.STORAGE, "cannot delete below " + home.builds() + ": " + e, e);
        }
    }
}
