package dev.tapestry.node.build;

import dev.tapestry.consortium.Digest;
import dev.tapestry.node.Compute;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.NodeHome;
import dev.tapestry.node.NodeProgress;
import dev.tapestry.node.StopSignal;
import dev.tapestry.node.build.WithdrawalResult.Affected;
import dev.tapestry.node.build.WithdrawalResult.State;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Takes data back: it is marked, so that nothing is built of it any more, and every model that
 * descends from it is built again without it, parents before children. A model gives way when its
 * successor is whole. Killed, it goes on when it is run again.
 */
public final class Withdrawal {

    private final NodeHome home;
    private final BundledTexts bundledTexts;
    private final Compute compute;
    private final NodeProgress progress;
    private final StopSignal stop;
    private final InstantSource clock;

    /** Withdraws from models of {@code home}. */
    public Withdrawal(
            NodeHome home,
            BundledTexts bundledTexts,
            Compute compute,
            NodeProgress progress,
            StopSignal stop,
            InstantSource clock) {
        this.home = home;
        this.bundledTexts = bundledTexts;
        this.compute = compute;
        this.progress = progress;
        this.stop = stop;
        this.clock = clock;
    }

    private Workbench bench() {
        return new Workbench(home, bundledTexts, compute, progress, stop, clock);
    }

    /**
     * Says what descends from data; marks and writes nothing.
     *
     * @param data digest of a text, a card, a source of a prepared text, or a model
     */
    public WithdrawalResult preview(Digest data, String reason) {
        Workbench bench = bench();
        return new WithdrawalResult(
                marked(bench, data, reason),
                ordered(bench.registry().descendants(data)).stream()
                        .map(lineage ->
                                bench.registry().isHere(lineage)
                                        ? Affected.of(lineage, State.PLANNED, "to be built again")
                                        : gone(bench, lineage))
                        .toList());
    }

    private WithdrawnData marked(Workbench bench, Digest data, String reason) {
        return bench.registry().withdrawn().stream()
                .filter(known -> known.data().equals(data))
                .findFirst()
                .orElseGet(() -> new WithdrawnData(data, reason, clock.instant()));
    }

    /**
     * Marks the data, and writes for every model that descends from it the plan by which it is
     * built again: {@code builds/withdrawals/DIGEST/NAME.yaml}.
     */
    public WithdrawalResult plan(Digest data, String reason) {
        Workbench bench = bench();
        WithdrawnData marked = marked(bench, data, reason);
        bench.withdraw(marked);
        List<Affected> planned = new ArrayList<>();
        Set<String> stuck = new TreeSet<>();
        for (Lineage lineage : ordered(bench.registry().descendants(data))) {
            Affected affected =
                    bench.registry().isHere(lineage)
                            ? planned(bench, data, lineage, stuck)
                            : gone(bench, lineage);
            if (affected.state() == State.STUCK || affected.state() == State.EMPTY) {
                stuck.add(lineage.name());
            }
            planned.add(affected);
        }
        return new WithdrawalResult(marked, planned);
    }

    /**
     * Does as {@link #plan}, and builds.
     *
     * @throws NodeException {@code STOPPED}: run it again, and it goes on; {@code STORAGE}
     */
    public WithdrawalResult run(Digest data, String reason) {
        WithdrawalResult planned = plan(data, reason);
        List<Affected> results = new ArrayList<>();
        Set<String> stuck = new HashSet<>();
        for (Affected affected : planned.models()) {
            Affected result =
                    affected.state() == State.PLANNED ? rebuilt(affected, stuck) : affected;
            if (result.state() == State.STUCK || result.state() == State.EMPTY) {
                stuck.add(result.name());
            }
            results.add(result);
        }
        bench().forgetWithdrawn();
        return new WithdrawalResult(planned.data(), results);
    }

    private Affected rebuilt(Affected affected, Set<String> stuck) {
        Workbench bench = bench();
        Lineage lineage = bench.registry().named(affected.name()).orElseThrow();
        Set<String> parents = new TreeSet<>(parentsOf(bench, lineage));
        parents.retainAll(stuck);
        if (!parents.isEmpty()) {
            return affected.stuck("its base %s could not be built again".formatted(parents));
        }
        try {
            Optional<String> broken =
                    switch (lineage.way()) {
                        case Lineage.Way.Merged(List<Digest> _, MergePlan by, String _) ->
                                new Merging(bench).run(by).model().isPresent()
                                        ? Optional.empty()
                                        : Optional.of("no way to merge passed the gate");
                        case Lineage.Way.Trained _, Lineage.Way.Rebased _ -> built(affected);
                    };
            return broken.map(why -> affected.stuck("the old model stays: " + why))
                    .orElseGet(() ->
                            affected.rebuilt(bench.registry().named(lineage.name()).orElseThrow()));
        } catch (NodeException e) {
            if (e.code() == Code.STOPPED || e.code() == Code.STORAGE) {
                throw e;
            }
            return affected.stuck("%s: %s".formatted(e.code(), e.getMessage()));
        }
    }

    private Optional<String> built(Affected affected) {
        return new BuildRun(bench()).run(Path.of(affected.plan().orElseThrow())).stopped();
    }

    private Affected planned(Workbench bench, Digest data, Lineage lineage, Set<String> stuck) {
        Set<String> parents = new TreeSet<>(parentsOf(bench, lineage));
        parents.retainAll(stuck);
        if (!parents.isEmpty()) {
            return Affected.of(
                    lineage, State.STUCK, "its base %s cannot be built again".formatted(parents));
        }
        return switch (lineage.way()) {
            case Lineage.Way.Merged(List<Digest> _, MergePlan by, String _) ->
                    Affected.of(
                            lineage,
                            State.PLANNED,
                            "merged again of " + String.join(", ", by.of()));
            case Lineage.Way.Trained _, Lineage.Way.Rebased _ -> trained(bench, data, lineage);
        };
    }

    private Affected trained(Workbench bench, Digest data, Lineage lineage) {
        Path place = bench.place(lineage);
        Path base = bench.base(lineage.plan(), place);
        if (!Files.isDirectory(base) || isLost(bench, base)) {
            return Affected.of(
                    lineage,
                    State.STUCK,
                    "its base in %s is not there or withdrawn; build it of another"
                            .formatted(base));
        }
        Digest now = SovereignBuild.digest(base);
        if (!now.equals(lineage.parent()) && !bench.withdrawn().isModel(lineage.parent())) {
            return Affected.of(
                    lineage,
                    State.STUCK,
                    "it was made of base %s, and in %s is another one (%s); put that back, or move the model onto this one first (tapestry build rebase)"
                            .formatted(lineage.parent().abbreviated(), base, now.abbreviated()));
        }
        Path folder = home.builds().resolve("withdrawals").resolve(data.hex());
        Path own = folder.resolve(lineage.name());
        PlanWithout left =
                PlanWithout.of(bench.withdrawn(), lineage, stages(bench, lineage), place, own);
        String changes =
                left.changes().isEmpty()
                        ? "as before, of its new base"
                        : String.join(", ", left.changes());
        if (left.plan().isEmpty()) {
            return Affected.of(lineage, State.EMPTY, changes);
        }
        Path file = folder.resolve(lineage.name() + ".yaml");
        left.plan()
                .orElseThrow()
                .absolute(place)
                .withBase(lineage.plan().isOfModel() ? lineage.plan().base() : base.toString())
                .write(file);
        return Affected.of(lineage, State.PLANNED, changes).with(file.toString());
    }

    /** Whether a base is withdrawn and nothing will take its place. */
    private static boolean isLost(Workbench bench, Path base) {
        Digest digest = SovereignBuild.digest(base);
        return bench.withdrawn().isData(digest)
                || (bench.withdrawn().isModel(digest) && !bench.models().isOfName(base));
    }

    /** What the stages of a plan learnt from, where the model was moved since then too. */
    private static List<StageResult> stages(Workbench bench, Lineage lineage) {
        return switch (lineage.way()) {
            case Lineage.Way.Trained _, Lineage.Way.Merged _ -> lineage.stages();
            case Lineage.Way.Rebased(Digest derivative, Digest _, double _, long _) ->
                    bench.registry()
                            .find(derivative)
                            .map(before -> stages(bench, before))
                            .orElse(lineage.stages());
        };
    }

    private static List<String> parentsOf(Workbench bench, Lineage lineage) {
        return lineage.parents()
                .flatMap(parent -> bench.registry().find(parent).stream())
                .map(Lineage::name)
                .filter(name -> !name.equals(lineage.name()))
                .toList();
    }

    private Affected gone(Workbench bench, Lineage lineage) {
        return bench.registry()
                .named(lineage.name())
                .filter(newer -> !bench.withdrawn().isModel(newer.model()))
                .map(newer ->
                        Affected.of(lineage, State.GONE, "built again without it before")
                                .rebuilt(newer))
                .orElseGet(() -> Affected.of(lineage, State.GONE, "no longer here"));
    }

    /** Parents before children. */
    private static List<Lineage> ordered(List<Lineage> models) {
        List<Lineage> left = new ArrayList<>(models);
        List<Lineage> ordered = new ArrayList<>();
        while (!left.isEmpty()) {
            Set<Digest> waiting = new HashSet<>();
            left.forEach(lineage -> waiting.add(lineage.model()));
            Lineage next =
                    left.stream()
                            .filter(lineage -> lineage.parents().noneMatch(waiting::contains))
                            .findFirst()
                            .orElse(left.getFirst());
            left.remove(next);
            ordered.add(next);
        }
        return ordered;
    }
}
