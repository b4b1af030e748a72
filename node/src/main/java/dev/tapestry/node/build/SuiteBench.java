package dev.tapestry.node.build;

import dev.tapestry.node.Compute;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.NodeProgress;
import dev.tapestry.node.StopSignal;
import dev.tapestry.node.evaluation.EvaluationResult;
import dev.tapestry.node.evaluation.EvaluationRun;
import dev.tapestry.node.evaluation.Metric;
import dev.tapestry.node.evaluation.ResultBook;
import dev.tapestry.node.evaluation.Suite;
import dev.tapestry.node.evaluation.SuiteGate;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The suites of a plan: given to the base and to the model of every stage, and held against the
 * plan's gates. What was measured once is taken from the book.
 */
final class SuiteBench {

    private static final long SEED = 1;

    private final EvaluationRun run;
    private final ResultBook book;

    SuiteBench(
            Path folder,
            Compute compute,
            NodeProgress progress,
            StopSignal stop,
            InstantSource clock) {
        this.run = new EvaluationRun(compute, progress, stop, clock);
        this.book = ResultBook.in(folder);
    }

    /**
     * The suites that a plan names, read.
     *
     * @param all that are given to models
     * @param retention names of those that ask what the base could do
     * @param plan which names them
     */
    record Opened(List<Suite> all, List<String> retention, EvaluationPlan plan) {}

    /**
     * Opens what a plan names, before anything is trained.
     *
     * @throws dev.tapestry.node.NodeException {@code CONFIG_INVALID}
     */
    static Opened open(EvaluationPlan plan, Path place) {
        List<Suite> own = opened(plan.suites(), place);
        List<Suite> retention = opened(plan.retentionSuites(), place);
        List<Suite> all = Stream.concat(own.stream(), retention.stream()).toList();
        requireNames(all);
        return new Opened(all, retention.stream().map(Suite::name).toList(), plan);
    }

    /** Gates tell suites apart by name. */
    private static void requireNames(List<Suite> all) {
        Map<String, Suite> named = new HashMap<>();
        for (Suite suite : all) {
            Suite other = named.putIfAbsent(suite.name(), suite);
            if (other != null && !other.digest().equals(suite.digest())) {
                throw new NodeException(
                        Code.CONFIG_INVALID,
                        "two suites have one name: %s and %s; rename one".formatted(other, suite));
            }
        }
    }

    private static List<Suite> opened(Optional<List<String>> names, Path place) {
        return names.orElse(List.of()).stream()
                .map(name ->
                        Suite.comesAlong(name)
                                ? Suite.bundled(name)
                                : Suite.open(place.resolve(name)))
                .toList();
    }

    /** How a model does; nothing if the plan names no suites. */
    Optional<EvaluationResult> measured(Opened suites, Path model, MemberTexts.Measured texts) {
        return suites.all().isEmpty()
                ? Optional.empty()
                : Optional.of(run.of(model, suites.all(), SEED, texts.own().trained(), book));
    }

    /**
     * Holds a stage's result against the gates: comparisons with the base after every stage, what a
     * number must come to after the last one.
     */
    static List<SuiteGate.Outcome> judged(
            Opened suites,
            Optional<EvaluationResult> base,
            Optional<EvaluationResult> after,
            boolean last) {
        if (after.isEmpty()) {
            return List.of();
        }
        List<SuiteGate> gates = new ArrayList<>(suites.plan().gates().orElse(List.of()));
        base.ifPresent(before -> gates.addAll(kept(suites, before)));
        return gates.stream()
                .flatMap(gate -> last ? Stream.of(gate) : gate.comparison().stream())
                .map(gate -> gate.judge(after.orElseThrow(), base))
                .toList();
    }

    /** What the base could do must not get worse by more than the plan lets pass. */
    private static List<SuiteGate> kept(Opened suites, EvaluationResult base) {
        return suites.plan().maxRetentionSuitesLoss().stream()
                .flatMap(most ->
                        base.suites().stream()
                                .filter(suite -> suites.retention().contains(suite.suite()))
                                .flatMap(suite ->
                                        suite.tasks().stream()
                                                .flatMap(task ->
                                                        task.metrics().stream()
                                                                .filter(metric ->
                                                                        metric.better()
                                                                                != Metric.Better
                                                                                        .NEITHER)
                                                                .map(metric ->
                                                                        SuiteGate.comparing(
                                                                                suite.suite()
                                                                                        + "/"
                                                                                        + task
                                                                                                .task(),
                                                                                metric.name(),
                                                                                most)))))
                .toList();
    }

    /** Why a build must not go on, if so. */
    static Optional<String> broken(List<SuiteGate.Outcome> outcomes) {
        return outcomes.stream()
                .filter(outcome -> !outcome.passed())
                .map(SuiteGate.Outcome::words)
                .findFirst();
    }
}
