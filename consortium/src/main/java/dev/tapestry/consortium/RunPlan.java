package dev.tapestry.consortium;

import java.util.Optional;

/**
 * A run of the Shared-Base Loop: so many rounds by the same rules.
 *
 * @param rounds how many bases are to be published
 * @param training what nodes do in each round
 * @param merge how contributions move the base
 * @param scoringTokens tokens of its held-out text on which each member scores a candidate
 * @param wire how weights travel; empty for whole weights in both directions
 * @param gradients codec of the mean gradients that members share beside weights; empty where they
 *     share none
 * @param overlap whether nodes train on while their contributions travel; empty where they wait
 * @param pace whether members of different speed do different numbers of steps; empty where all do
 *     the same
 * @param asynchronous whether rounds wait for a number of contributions and not for members; empty
 *     where everybody is awaited
 */
public record RunPlan(
        int rounds,
        LocalTraining training,
        MergeRule merge,
        long scoringTokens,
        Optional<Wire> wire,
        Optional<CodecName> gradients,
        @LeftOutWhenEmpty Optional<Overlap> overlap,
        @LeftOutWhenEmpty Optional<Pace> pace,
        @LeftOutWhenEmpty Optional<Asynchronous> asynchronous) {

    public RunPlan {
        if (rounds < 1) {
            throw new IllegalArgumentException("a run has at least 1 round, not " + rounds);
        }
        if (scoringTokens < 1) {
            throw new IllegalArgumentException("scoringTokens is at least 1, not " + scoringTokens);
        }
    }

    /** A run in which whole weights travel. */
    public RunPlan(int rounds, LocalTraining training, MergeRule merge, long scoringTokens) {
        this(
                rounds,
                training,
                merge,
                scoringTokens,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
    }

    /** The same run with coded updates. */
    public RunPlan over(Wire coded) {
        return new RunPlan(
                rounds,
                training,
                merge,
                scoringTokens,
                Optional.of(coded),
                gradients,
                overlap,
                pace,
                asynchronous);
    }

    /** The same run with shared gradients. */
    public RunPlan sharing(CodecName codec) {
        return new RunPlan(
                rounds,
                training,
                merge,
                scoringTokens,
                wire,
                Optional.of(codec),
                overlap,
                pace,
                asynchronous);
    }

    /** The same run with so many steps of overlap. */
    public RunPlan overlapping(int steps) {
        return new RunPlan(
                rounds,
                training,
                merge,
                scoringTokens,
                wire,
                gradients,
                Optional.of(new Overlap(steps)),
                pace,
                asynchronous);
    }

    /** The same run for members of different speed. */
    public RunPlan at(Pace measured) {
        return new RunPlan(
                rounds,
                training,
                merge,
                scoringTokens,
                wire,
                gradients,
                overlap,
                Optional.of(measured),
                asynchronous);
    }

    /** The same run whose rounds merge as soon as so many contributions are in. */
    public RunPlan buffering(int contributions) {
        return new RunPlan(
                rounds,
                training,
                merge,
                scoringTokens,
                wire,
                gradients,
                overlap,
                pace,
                Optional.of(new Asynchronous(contributions)));
    }
}
