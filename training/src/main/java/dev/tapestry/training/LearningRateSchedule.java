package dev.tapestry.training;

import dev.tapestry.training.TrainingException.Code;

/**
 * What the learning rate is multiplied by, as a pure function of the tokens seen so far: it
 * therefore goes on where it was when training goes on, in the next round or after a crash.
 */
public sealed interface LearningRateSchedule {

    /** The factor, in [0, 1], for the step that begins after {@code tokens} tokens. */
    double at(long tokens);

    /**
     * Linear warm-up, then no change.
     *
     * @param warmupTokens tokens until the full rate; 0 for none
     */
    record Constant(long warmupTokens) implements LearningRateSchedule {
        public Constant {
            check(warmupTokens >= 0, "warmupTokens " + warmupTokens + " is negative");
        }

        @Override
        public double at(long tokens) {
            return warmup(tokens, warmupTokens);
        }
    }

    /**
     * Linear warm-up, then half a cosine down to the floor (Loshchilov and Hutter,
     * arXiv:1608.03983, without restarts).
     *
     * @param warmupTokens tokens until the full rate
     * @param totalTokens tokens at which the floor is reached; it stays there
     * @param floor last factor, in [0, 1]
     */
    record Cosine(long warmupTokens, long totalTokens, double floor)
            implements LearningRateSchedule {
        public Cosine {
            check(
                    warmupTokens >= 0 && warmupTokens < totalTokens,
                    "warmupTokens %d and totalTokens %d are not in order"
                            .formatted(warmupTokens, totalTokens));
            checkFloor(floor);
        }

        @Override
        public double at(long tokens) {
            if (tokens < warmupTokens) {
                return warmup(tokens, warmupTokens);
            }
            double done =
                    Math.min(1, (double) (tokens - warmupTokens) / (totalTokens - warmupTokens));
            return floor + (1 - floor) * (1 + Math.cos(Math.PI * done)) / 2;
        }
    }

    /**
     * Linear warm-up, constant, then linear decay to the floor (WSD; Hu et al., arXiv:2404.06395).
     *
     * @param warmupTokens tokens until the full rate
     * @param decayFromTokens tokens at which the decay begins
     * @param totalTokens tokens at which the floor is reached; it stays there
     * @param floor last factor, in [0, 1]
     */
    record WarmupStableDecay(
            long warmupTokens, long decayFromTokens, long totalTokens, double floor)
            implements LearningRateSchedule {
        public WarmupStableDecay {
            check(
                    0 <= warmupTokens
                            && warmupTokens <= decayFromTokens
                            && decayFromTokens < totalTokens,
                    "warmupTokens %d, decayFromTokens %d and totalTokens %d are not in order"
                            .formatted(warmupTokens, decayFromTokens, totalTokens));
            checkFloor(floor);
        }

        @Override
        public double at(long tokens) {
            if (tokens < decayFromTokens) {
                return warmup(tokens, warmupTokens);
            }
            double done =
                    Math.min(
                            1,
                            (double) (tokens - decayFromTokens) / (totalTokens - decayFromTokens));
            return 1 - (1 - floor) * done;
        }
    }

    private static double warmup(long tokens, long warmupTokens) {
        // The first step already moves: without the +1 it would be lost.
        return warmupTokens == 0 ? 1 : Math.min(1, (tokens + 1.0) / warmupTokens);
    }

    private static void checkFloor(double floor) {
        check(floor >= 0 && floor <= 1, "floor " + floor + " is not in [0, 1]");
    }

    private static void check(boolean ok, String message) {
        if (!ok) {
            throw new TrainingException(Code.INVALID_PLAN, "schedule: " + message);
        }
    }
}
