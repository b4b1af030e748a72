package dev.tapestry.node.build;

import dev.tapestry.consortium.Digest;
import dev.tapestry.node.Compute;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.NodeHome;
import dev.tapestry.node.NodeProgress;
import dev.tapestry.node.StopSignal;
import dev.tapestry.node.evaluation.EvaluationResult;
import dev.tapestry.node.evaluation.SuiteGate;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Makes a Sovereign Model by a plan: stage after stage, with an evaluation after each that stops
 * the build where it breaks a gate. Nothing of it touches the network.
 *
 * <p>A build that was stopped, killed or changed is run again: stages that were made of the same
 * things are taken as they are, and one that was broken off goes on from its checkpoint. The same
 * inputs, seed and number of threads give the same model.
 */
public final class BuildRun {

    private final Workbench bench;

    /** Builds in {@code home}, which need be no more than a directory. */
    public BuildRun(
            NodeHome home,
            BundledTexts bundledTexts,
            Compute compute,
            NodeProgress progress,
            StopSignal stop,
            InstantSource clock) {
        this(new Workbench(home, bundledTexts, compute, progress, stop, clock));
    }

    BuildRun(Workbench bench) {
        this.bench = bench;
    }

    /**
     * Builds what a file asks for.
     *
     * @param file {@code build.yaml}; paths in it are relative to it
     * @throws NodeException {@code CONFIG_INVALID}; {@code DIGEST_MISMATCH} if the base is another
     *     one; {@code POLICY}: a card does not permit it; {@code WRONG_MODEL}, {@code STOPPED},
     *     {@code STORAGE}
     */
    public BuildResult run(Path file) {
        return run(BuildPlan.read(file), BuildPlan.place(file));
    }

    /**
     * Builds what a plan asks for.
     *
     * @param place the directory that paths in the plan are relative to
     * @throws NodeException as {@link #run(Path)}
     */
    public BuildResult run(BuildPlan plan, Path place) {
        Path base = bench.base(plan, place);
        Digest digest = Workbench.base(base);
        requireExpected(plan, base, digest);
        bench.withdrawn().requireBase(digest);
        bench.texts().lay(plan, place);
        SuiteBench.Opened suites = SuiteBench.open(plan.evaluation(), place);
        bench.began(plan.name() + " from " + base);
        bench.prepare(plan, place);
        return run(plan, place, base, digest, suites);
    }

    /** Lays and prepares the texts of a plan, as {@link #run(Path)} does first. */
    public void prepare(Path file) {
        BuildPlan plan = BuildPlan.read(file);
        bench.prepare(plan, BuildPlan.place(file));
    }

    /**
     * Says what {@link #run(Path)} would do, and makes nothing but the texts that the plan
     * prepares.
     *
     * @throws NodeException as {@link #run} does for what is wrong with plan, base, cards or data
     */
    public BuildPreview preview(Path file) {
        BuildPlan plan = BuildPlan.read(file);
        Path place = BuildPlan.place(file);
        Path base = bench.base(plan, place);
        Digest digest = Workbench.base(base);
        requireExpected(plan, base, digest);
        bench.withdrawn().requireBase(digest);
        bench.texts().lay(plan, place);
        SuiteBench.open(plan.evaluation(), place);
        bench.prepare(plan, place);
        return bench.preview(plan, place, base, digest);
    }

    /** Builds it of a base that the plan need not name. */
    private BuildResult run(
            BuildPlan plan, Path place, Path base, Digest baseDigest, SuiteBench.Opened suites) {
        try (MemberTexts.Measured texts = bench.texts().measured(plan.evaluation(), place, base)) {
            BuildResult.Loss before = bench.loss(plan.name(), "base", base, baseDigest, texts);
            Optional<EvaluationResult> ofBase = bench.suites().measured(suites, base, texts);
            List<BuildResult.Done> done = new ArrayList<>();
            List<StageResult> results = new ArrayList<>();
            Path model = base;
            Digest digest = baseDigest;
            Optional<Path> adapter = Optional.empty();
            for (BuildStage stage : plan.stages()) {
                StageMaker.Made made =
                        bench.maker()
                                .make(
                                        stage,
                                        plan.guard(place),
                                        place,
                                        model,
                                        digest,
                                        plan.seed().orElse(1L));
                model = made.model();
                digest = made.digest();
                adapter = made.adapter();
                results.add(made.result());
                BuildResult.Loss after =
                        bench.loss(plan.name(), stage.title(), model, digest, texts);
                Optional<EvaluationResult> result = bench.suites().measured(suites, model, texts);
                boolean last = done.size() + 1 == plan.stages().size();
                List<SuiteGate.Outcome> gates = SuiteBench.judged(suites, ofBase, result, last);
                done.add(BuildResult.Done.of(stage, made, after, result, gates));
                Optional<String> broken =
                        Gates.broken(plan.evaluation(), before, after, last)
                                .or(() -> SuiteBench.broken(gates));
                if (broken.isPresent()) {
                    return new BuildResult(
                            baseDigest, before, ofBase, done, broken, Optional.empty());
                }
            }
            Optional<ModelOrigin> origin = ModelOrigin.find(base);
            Lineage lineage =
                    new Lineage(
                            digest,
                            plan.name(),
                            plan.level(),
                            baseDigest,
                            origin,
                            plan,
                            new Lineage.Way.Trained(),
                            results,
                            before,
                            done.getLast().after(),
                            bench.placed(place),
                            bench.texts().sources(plan, place));
            Path published =
                    bench.models()
                            .publish(
                                    plan,
                                    base,
                                    model,
                                    adapter,
                                    lineage,
                                    bench.card(plan, place).text(baseDigest, before, ofBase, done));
            return new BuildResult(
                    baseDigest, before, ofBase, done, Optional.empty(), Optional.of(published));
        }
    }

    private static void requireExpected(BuildPlan plan, Path base, Digest digest) {
        plan.baseDigest()
                .filter(expected -> !expected.equals(digest))
                .ifPresent(expected -> {
                    throw new NodeException(
                            Code.DIGEST_MISMATCH,
                            "the base in %s has digest %s, base-digest asks for %s"
                                    .formatted(base, digest, expected));
                });
    }
}
