package dev.tapestry.app.study.simulation;

import dev.tapestry.consortium.LocalTraining;
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
     * @param training of a round
     * @param totalTokens of one member over all rounds
     * @param seed the plan's
     * @param cache a folder that outlives the simulation
     * @param folder an empty one that does not
     * @param resources of this process
     */
    record Setting(
            int members,
            LocalTraining training,
            long totalTokens,
            long seed,
            Path cache,
            Path folder,
            Resources resources) {}
}
