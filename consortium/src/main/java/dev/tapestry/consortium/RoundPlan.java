package dev.tapestry.consortium;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What the coordinator announces: who trains what, from which base, until when.
 *
 * @param round its number
 * @param base the digest of the base from which all members train
 * @param training what each node does
 * @param merge how the contributions will be merged
 * @param scoringTokens tokens on which each member scores the candidate
 * @param wire how weights travel; empty for whole weights in both directions
 * @param gradients what members share beside weights, if anything
 * @param overlap whether nodes train on while their contributions travel; empty where they wait
 * @param pace whether members of different speed do different numbers of steps; empty where all do
 *     the same
 * @param asynchronous whether the round waits for a number of contributions and not for members
 * @param invited members that may contribute, sorted
 * @param closesAt when collecting ends, even if members are missing
 */
public record RoundPlan(
        RoundNumber round,
        Digest base,
        LocalTraining training,
        MergeRule merge,
        long scoringTokens,
        Optional<Wire> wire,
        Optional<SharedGradients> gradients,
        @LeftOutWhenEmpty Optional<Overlap> overlap,
        @LeftOutWhenEmpty Optional<Pace> pace,
        @LeftOutWhenEmpty Optional<Asynchronous> asynchronous,
        List<MemberId> invited,
        Instant closesAt) {

    public RoundPlan {
        invited = invited.stream().sorted().distinct().toList();
        if (invited.isEmpty()) {
            throw new IllegalArgumentException("round " + round + " invites nobody");
        }
    }

    /** A round in which whole weights travel. */
    public RoundPlan(
            RoundNumber round,
            Digest base,
            LocalTraining training,
            MergeRule merge,
            long scoringTokens,
            List<MemberId> invited,
            Instant closesAt) {
        this(
                round,
                base,
                training,
                merge,
                scoringTokens,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                invited,
                closesAt);
    }

    /**
     * A round of a run.
     *
     * @param gradient what members' gradients of the round before were merged into
     */
    public static RoundPlan of(
            RunPlan run,
            RoundNumber round,
            Digest base,
            Optional<Digest> gradient,
            List<MemberId> invited,
            Instant closesAt) {
        return new RoundPlan(
                round,
                base,
                run.training(),
                run.merge(),
                run.scoringTokens(),
                run.wire(),
                run.gradients().map(codec -> new SharedGradients(codec, gradient)),
                run.overlap(),
                run.pace(),
                run.asynchronous(),
                invited,
                closesAt);
    }

    /** The codec of contributions; empty for whole weights. */
    public Optional<CodecName> up() {
        return wire.flatMap(Wire::up);
    }

    /** The codec of the step from the base to the candidate; empty for whole models. */
    public Optional<CodecName> down() {
        return wire.flatMap(Wire::down);
    }
}
