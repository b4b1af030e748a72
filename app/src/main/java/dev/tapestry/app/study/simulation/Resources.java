package dev.tapestry.app.study.simulation;

import dev.tapestry.node.StopSignal;
import java.nio.file.Path;

/**
 * What a simulation may use.
 *
 * @param adopted directory of the open base, whose tokenizer is everybody's
 * @param variants at a time, at least 1; each needs memory of its own
 * @param threads of libtorch for each; another number changes the last digits
 * @param stop ends it between two steps
 */
public record Resources(Path adopted, int variants, int threads, StopSignal stop) {

    public Resources {
        SimulationPlan.require(variants >= 1, "variants at a time", "at least 1", variants);
        SimulationPlan.require(threads >= 1, "threads", "at least 1", threads);
    }
}
