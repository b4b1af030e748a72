package dev.tapestry.app.study.simulation;

import dev.tapestry.app.study.simulation.SimulationPlan.Variant;
import dev.tapestry.app.study.simulation.SimulationReport.VariantResult;
import dev.tapestry.weights.Drafts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * Simulates the variants of a plan, one after the other, on the same members, clock and text.
 *
 * <p>Memory: a model, its optimiser and what a merge maps, however many members there are; what
 * members keep lies in files.
 */
public final class Simulation {

    private final SimulationPlan plan;
    private final Path planFolder;
    private final Path work;
    private final Resources resources;
    private final Consumer<String> say;

    /**
     * A simulation that has not begun.
     *
     * @param planFolder to which rules' files are relative
     * @param work an existing folder: text is kept there, all else comes and goes
     * @param say hears a line for each round
     */
    public Simulation(
            SimulationPlan plan,
            Path planFolder,
            Path work,
            Resources resources,
            Consumer<String> say) {
        this.plan = plan;
        this.planFolder = planFolder;
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
        Path folder = Files.createTempDirectory(work, "simulation-");
        try {
            Map<String, ExperimentalRule> rules = rules(folder);
            List<VariantResult> results = new ArrayList<>();
            for (Variant variant : plan.variants()) {
                Path own = Files.createDirectory(folder.resolve("variant-" + variant.name()));
                results.add(new VariantRun(plan, variant, rules, resources, say).run(work, own));
                Drafts.delete(own);
                kept.accept(new SimulationReport(plan, results));
            }
            return new SimulationReport(plan, results);
        } finally {
            Drafts.delete(folder);
        }
    }

    /** Compiled before anything is trained, so that a mistake is told at once. */
    private Map<String, ExperimentalRule> rules(Path folder) throws IOException {
        Map<String, ExperimentalRule> rules = new TreeMap<>();
        for (Variant variant : plan.variants()) {
            if (variant.rule().isPresent()) {
                Path classes = Files.createDirectory(folder.resolve("rule-" + variant.name()));
                rules.put(
                        variant.name(),
                        RuleFile.compiled(planFolder.resolve(variant.rule().get()), classes));
            }
        }
        return rules;
    }
}
