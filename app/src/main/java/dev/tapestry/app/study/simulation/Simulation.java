package dev.tapestry.app.study.simulation;

import dev.tapestry.app.study.simulation.SimulationPlan.Variant;
import dev.tapestry.app.study.simulation.SimulationReport.VariantResult;
import dev.tapestry.weights.Drafts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Simulates the variants of a plan on the same members, clock and text.
 *
 * <p>Memory, for each variant at a time: a model, its optimiser and what a merge maps, however many
 * members there are; what members keep lies in files.
 */
public final class Simulation {

    private final SimulationPlan plan;
    private final Path planFile;
    private final Path work;
    private final Resources resources;
    private final Consumer<String> say;

    /**
     * A simulation that has not begun.
     *
     * @param planFile beside which rules' files lie
     * @param work an existing folder: text is kept there, all else comes and goes
     * @param say hears a line for each round
     */
    public Simulation(
            SimulationPlan plan,
            Path planFile,
            Path work,
            Resources resources,
            Consumer<String> say) {
        this.plan = plan;
        this.planFile = planFile;
        this.work = work;
        this.resources = resources;
        this.say = say;
    }

    /**
     * Runs all variants.
     *
     * @param kept hears after each variant what is known so far
     * @throws dev.tapestry.node.NodeException {@code STOPPED}; nothing is left behind
     * @throws RuleException if a rule's file cannot be used
     */
    public SimulationReport run(Consumer<SimulationReport> kept) throws IOException {
        try (WorkFolder folder = WorkFolder.in(work)) {
            return all(folder.path(), rules(folder.path()), kept);
        }
    }

    /** Some variants at a time; where one fails, the others are stopped. */
    private SimulationReport all(
            Path folder, Map<String, ExperimentalRule> rules, Consumer<SimulationReport> kept) {
        SortedMap<Integer, VariantResult> done = new TreeMap<>();
        AtomicReference<@Nullable RuntimeException> failure = new AtomicReference<>();
        try (ExecutorService pool = Executors.newFixedThreadPool(resources.variants())) {
            for (int place = 0; place < plan.variants().size(); place++) {
                int its = place;
                pool.execute(() -> {
                    try {
                        VariantResult result = run(plan.variants().get(its), rules, folder);
                        synchronized (done) {
                            done.put(its, result);
                            kept.accept(new SimulationReport(plan, List.copyOf(done.values())));
                        }
                    } catch (IOException e) {
                        fail(failure, new UncheckedIOException(e));
                    } catch (RuntimeException e) {
                        fail(failure, e);
                    }
                });
            }
        }
        RuntimeException first = failure.get();
        if (first != null) {
            throw first;
        }
        return new SimulationReport(plan, List.copyOf(done.values()));
    }

    private void fail(AtomicReference<@Nullable RuntimeException> failure, RuntimeException cause) {
        failure.compareAndSet(null, cause);
        resources.stop().request();
    }

    private VariantResult run(Variant variant, Map<String, ExperimentalRule> rules, Path folder)
            throws IOException {
        resources.stop().check();
        Path own = Files.createDirectory(folder.resolve("variant-" + variant.name()));
        VariantResult result = new VariantRun(plan, variant, rules, resources, say).run(work, own);
        Drafts.delete(own);
        return result;
    }

    /** Compiled before anything is trained, so that a mistake is told at once. */
    private Map<String, ExperimentalRule> rules(Path folder) throws IOException {
        Map<String, ExperimentalRule> rules = new TreeMap<>();
        for (Variant variant : plan.variants()) {
            if (variant.rule().isPresent()) {
                Path classes = Files.createDirectory(folder.resolve("rule-" + variant.name()));
                rules.put(
                        variant.name(),
                        RuleFile.compiled(planFile.resolveSibling(variant.rule().get()), classes));
            }
        }
        return rules;
    }
}
