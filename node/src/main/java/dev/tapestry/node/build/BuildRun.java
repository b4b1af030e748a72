package dev.tapestry.node.build;

import dev.tapestry.consortium.Digest;
import dev.tapestry.node.Compute;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.NodeHome;
import dev.tapestry.node.NodeProgress;
import dev.tapestry.node.StopSignal;

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
            Compute compute,
            NodeProgress progress,
            StopSignal stop,
            InstantSource clock) {
        this.bench = new Workbench(home, compute, progress, stop, clock);
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
        BuildPlan plan = BuildPlan.read(file);
        Path place = BuildPlan.place(file);
        Path base = place.resolve(plan.base()).normalize();
        Digest digest = Workbench.base(base);
        requireExpected(plan, base, digest);
        bench.began(plan.name() + " from " + base);
        bench.prepare(plan, place);
        return run(plan, place, base, digest);
    }

    /**
     * Says what {@link #run} would do, and makes nothing but the texts that the plan prepares.
     *
     * @throws NodeException as {@link #run} does for what is wrong with plan, base, cards or data
     */
    public BuildPreview preview(Path file) {
        BuildPlan plan = BuildPlan.read(file);
        Path place = BuildPlan.place(file);
        Path base = place.resolve(plan.base()).normalize();
        Digest digest = Workbench.base(base);
        requireExpected(plan, base, digest);
        bench.prepare(plan, place);
        return bench.preview(plan, place, base, digest);
    }

    /** Builds it of a base that the plan need not name. */
    private BuildResult run(BuildPlan plan, Path place, Path base, Digest baseDigest) {
        try (Workbench.Texts texts = bench.texts(plan.evaluation(), place, base)) {
            BuildResult.Loss before = bench.loss(plan.name(), "base", base, baseDigest, texts);
            List<BuildResult.Done> done = new ArrayList<>();
            List<StageResult> results = new ArrayList<>();
            Path model = base;
            Digest digest = baseDigest;
            Optional<Path> adapter = Optional.empty();
            for (BuildStage stage : plan.stages()) {
                Workbench.Made made =
                        bench.make(
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
                done.add(BuildResult.Done.of(stage, made, after));
                boolean last = done.size() == plan.stages().size();
                Optional<String> broken = Gates.broken(plan.evaluation(), before, after, last);
                if (broken.isPresent()) {
                    return new BuildResult(baseDigest, before, done, broken, Optional.empty());
                }
            }
            Lineage lineage =
                    new Lineage(
                            digest,
                            plan.name(),
                            plan.level(),
                            baseDigest,
                            plan,
                            new Lineage.Way.Trained(),
                            results,
                            before,
                            done.getLast().after());
            Path published =
                    bench.publish(
                            plan,
                            model,
                            adapter,
                            lineage,
                            BuildCard.text(plan, baseDigest, before, done));
            return new BuildResult(
                    baseDigest, before, done, Optional.empty(), Optional.of(published));
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
