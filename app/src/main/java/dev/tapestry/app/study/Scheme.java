package dev.tapestry.app.study;

import dev.tapestry.consortium.LeftOutWhenEmpty;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.PlanRules;
import dev.tapestry.consortium.Weighting;
import dev.tapestry.weights.codec.Codec;
import java.util.List;
import java.util.Optional;

/** Who trains in an arm, on whose text. */
public sealed interface Scheme {

    /** Nobody: the start itself. */
    record Untrained() implements Scheme {}

    /**
     * One trainer with all members' text, the consortium's global batch and all its tokens: what a
     * consortium that could pool its data would do.
     *
     * @param outer an outer optimiser around it (SNOO, arXiv 2510.15830): without it a comparison
     *     with an outer optimiser of the consortium flatters the consortium
     */
    record Central(Optional<Rounds> outer) implements Scheme {}

    /** Each member for itself, with its own share of the tokens. */
    record Alone() implements Scheme {}

    /** The Shared-Base Loop. */
    record Loop(Rounds rounds) implements Scheme {}

    /**
     * The loop without rounds (Decoupled DiLoCo, arXiv 2604.21428): nobody waits for anybody. A
     * member that has done its steps says that it is ready and trains on. As soon as enough are
     * ready, what they have by then is merged: each update is taken against the base that its
     * member started from and moved onto the current one. They go on from what came out, the others
     * from what they have.
     *
     * @param steps of a member until it is ready (H), at least 1
     * @param paced whether a slower member is ready after as many fewer steps (DyLU, arXiv
     *     2401.09135), so that its contributions are as fresh as anybody's; otherwise all do as
     *     many and the slower come less often
     * @param merge how contributions move the base
     * @param quorum members that are ready when a merge begins (K), at least 1
     * @param weighting of the contributions to a merge
     * @param influenceCap the most weight that one member can have in a merge; at least 1 ÷ quorum
     * @param wire how updates are coded; empty for whole weights in fp32. What the codec down loses
     *     is part of the next difference to what its member has: the coordinator keeps no residual
     * @param sharing gradients, or empty for nothing. What a member shares counts until it shares
     *     again, by all steps that it has contributed
     * @param churn members' speeds, and the probability that a ready member is out of reach: it
     *     says so again after as many steps
     */
    record Asynchronous(
            int steps,
            boolean paced,
            MergeRule merge,
            int quorum,
            Weighting weighting,
            double influenceCap,
            Optional<Wire> wire,
            Optional<Sharing> sharing,
            Churn churn)
            implements Scheme {
        public Asynchronous {
            if (steps < 1 || quorum < 1) {
                throw new IllegalArgumentException(
                        "a member is ready after at least 1 step and a merge takes at least 1 member, not %d and %d"
                                .formatted(steps, quorum));
            }
            if (!(influenceCap >= 1.0 / quorum && influenceCap <= 1)) {
                throw new IllegalArgumentException(
                        "with a quorum of %d the influence cap is at least %s and at most 1, not %s"
                                .formatted(quorum, 1.0 / quorum, influenceCap));
            }
            if (sharing.equals(Optional.of(Sharing.MOMENTS))) {
                throw new IllegalArgumentException(
                        "moments are shared by members that keep step, for all go on from one mean: share GRADIENTS, or leave 'sharing' out");
            }
            PlanRules.refusal(merge, quorum)
                    .ifPresent(refusal -> {
                        throw new IllegalArgumentException(
                                refusal.finding() + ": " + refusal.detail());
                    });
        }

        /** Steps until a member is ready that does this share of the fastest member's. */
        int interval(double share) {
            return paced ? Math.max(1, (int) (steps * share)) : steps;
        }
    }

    /**
     * Rounds of local steps and a merge.
     *
     * @param steps local steps between two merges of the same weights (H), at least 1
     * @param merge how contributions move the base
     * @param streaming whether fragments are merged in turn while training goes on
     * @param wire how updates are coded; empty for whole weights in fp32
     * @param sharing what members share beside weights; empty for nothing
     * @param churn members' speeds and absences; empty where all keep step
     * @param growth how rounds become longer; empty where all have as many steps
     */
    record Rounds(
            int steps,
            MergeRule merge,
            Optional<Streaming> streaming,
            Optional<Wire> wire,
            Optional<Sharing> sharing,
            Optional<Churn> churn,
            @LeftOutWhenEmpty Optional<Growth> growth) {
        public Rounds {
            if (steps < 1) {
                throw new IllegalArgumentException(
                        "a round has at least 1 local step, not " + steps);
            }
            int fragments = streaming.map(Streaming::fragments).orElse(1);
            int overlap = streaming.map(Streaming::overlap).orElse(0);
            if (steps % fragments != 0 || overlap > steps / fragments) {
                throw new IllegalArgumentException(
                        "%d steps are no multiple of %d fragments, or leave no room for %d steps of overlap"
                                .formatted(steps, fragments, overlap));
            }
        }

        /** Rounds that all have as many steps. */
        public Rounds(
                int steps,
                MergeRule merge,
                Optional<Streaming> streaming,
                Optional<Wire> wire,
                Optional<Sharing> sharing,
                Optional<Churn> churn) {
            this(steps, merge, streaming, wire, sharing, churn, Optional.empty());
        }

        /**
         * Steps until the next merge of anything, where the learning rate is so much of its peak.
         */
        int interval(double rateFactor) {
            return growth.map(how -> how.steps(steps, rateFactor)).orElse(steps) / fragments();
        }

        int fragments() {
            return streaming.map(Streaming::fragments).orElse(1);
        }

        int overlap() {
            return streaming.map(Streaming::overlap).orElse(0);
        }
    }

    /**
     * Rounds that become longer as the learning rate falls, for members then drift apart more
     * slowly: H ← min(most, ⌊H · f^−exponent⌋), with f the part of its peak that the rate has come
     * down to for good. With 2 it is the quadratic synchronisation rule (arXiv 2310.14423).
     *
     * @param exponent above 0
     * @param most steps of any round
     */
    record Growth(double exponent, int most) {
        public Growth {
            if (!(exponent > 0) || Double.isInfinite(exponent) || most < 1) {
                throw new IllegalArgumentException(
                        "growth has an exponent above 0 and at least 1 step, not %s and %d"
                                .formatted(exponent, most));
            }
        }

        int steps(int first, double rateFactor) {
            return (int) Math.min(most, Math.floor(first * Math.pow(rateFactor, -exponent)));
        }
    }

    /**
     * Streaming DiLoCo (arXiv 2501.18512): every H ÷ fragments steps another part of the model is
     * merged, and members go on training while it travels.
     *
     * @param fragments parts of the model (P), at least 1
     * @param overlap steps between the contribution and the arrival of what it became (τ)
     */
    record Streaming(int fragments, int overlap) {
        public Streaming {
            if (fragments < 1 || overlap < 0) {
                throw new IllegalArgumentException(
                        "streaming has at least 1 fragment and 0 steps of overlap, not %d and %d"
                                .formatted(fragments, overlap));
            }
        }
    }

    /**
     * Members of different speed, some of whom are away.
     *
     * @param speeds relative, by the members' order, repeated where there are more members; a
     *     round's steps are the fastest member's, the others do as many as they can in the same
     *     time and count for as much (DyLU, arXiv 2401.09135)
     * @param absence probability that a member's contribution misses a round; its progress goes
     *     into the next
     */
    record Churn(List<Double> speeds, double absence) {
        public Churn {
            speeds = List.copyOf(speeds);
            if (speeds.isEmpty()
                    || !speeds.stream().allMatch(speed -> speed > 0 && Double.isFinite(speed))
                    || !(absence >= 0 && absence < 1)) {
                throw new IllegalArgumentException(
                        "speeds are above 0 and the absence is at least 0 and below 1, not %s and %s"
                                .formatted(speeds, absence));
            }
        }

        /** The share of the fastest member's steps that the member in this place does. */
        double share(int place) {
            double fastest = speeds.stream().mapToDouble(Double::doubleValue).max().orElse(1);
            return speeds.get(place % speeds.size()) / fastest;
        }
    }

    /**
     * How updates travel.
     *
     * @param up codec of the members' updates
     * @param down codec of what the merge made of them
     * @param residual what becomes of what the codec lost
     * @param shared codec, both ways, of what members share beside weights; as the weights' unless
     *     said
     */
    record Wire(Codec up, Codec down, Residual residual, Optional<Codec> shared) {}

    /** What members average at each merge beside their weights, so that they pull one way. */
    enum Sharing {
        /** Their inner optimisers' running averages, from whose mean all go on. */
        MOMENTS,
        /** Their mean gradients: each corrects its own by the difference (SCAFFOLD). */
        GRADIENTS
    }

    /** What becomes of the part of an update that a codec lost. */
    enum Residual {
        /** It is lost. */
        DROPPED,
        /** It is added to the next update: error feedback, on both ends. */
        ADDED,
        /**
         * It stays in the member's own weights, which go on from there, and so is part of the next
         * update; the coordinator adds its own to the next one.
         */
        KEPT
    }
}
