package dev.tapestry.app.study.simulation;

import dev.tapestry.consortium.LocalTraining;
import dev.tapestry.consortium.RunPlan;
import java.io.IOException;
import java.nio.file.Path;

/** What members train. */
public sealed interface Learning permits Text, NoisyQuadratic {

    /** What the coordinator announces of it. */
    LocalTraining training(int rounds, int steps, long seed);

    /** Tokens on which a candidate is scored, at least 1. */
    long scoringTokens();

    /** Whether members can share their mean gradients beside their weights. */
    boolean sharesGradients();

    /** Whether a member can train on from the weights that it contributes. */
    boolean goesOn();

    /**
     * Opens what the members of one variant train with.
     *
     * @param setting where and with what
     */
    LocalWork open(Setting setting) throws IOException;

    /**
     * What a variant's local work is opened in.
     *
     * @param members how many there are
     * @param run what the coordinator is asked to run
     * @param seed the plan's
     * @param cache a folder that outlives the simulation
     * @param folder an empty one that does not
     * @param resources of this process
     */
    record Setting(
            int members, RunPlan run, long seed, Path cache, Path folder, Resources resources) {

        /** Tokens of one member over all rounds. */
        long totalTokens() {
            return run.rounds() * run.training().tokensPerRound();
        }

        /** Whether members train on from the weights that they contribute. */
        boolean overlaps() {
            return run.overlap().isPresent();
        }
    }
}
