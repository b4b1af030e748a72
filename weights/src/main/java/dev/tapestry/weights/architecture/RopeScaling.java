package dev.tapestry.weights.architecture;

/**
 * How rotary frequencies are changed so that a model reads longer sequences than it was first
 * trained on. RoPE (arXiv:2104.09864) turns pair i of a head by position · θ^(−2i/d); here that
 * frequency is divided.
 */
public sealed interface RopeScaling {

    /** What a frequency, in radians per position, is divided by. */
    double divisor(double frequency);

    /** Frequencies stay as they are. */
    record None() implements RopeScaling {
        @Override
        public double divisor(double frequency) {
            return 1;
        }
    }

    /**
     * All positions lie closer together (position interpolation, arXiv:2306.15595).
     *
     * @param factor by which
     */
    record Linear(double factor) implements RopeScaling {

        public Linear {
            requireFactor(factor);
        }

        @Override
        public double divisor(double frequency) {
            return factor;
        }
    }

    /**
     * Llama 3.1's: what turns at least {@code highFrequencyFactor} times over the first length
     * stays, what turns at most {@code lowFrequencyFactor} times is divided by {@code factor}, and
     * between the two the frequency goes over from one to the other.
     *
     * @param factor at least 1
     * @param lowFrequencyFactor full turns, fewer than {@code highFrequencyFactor}
     * @param highFrequencyFactor full turns
     * @param firstPositions the length that the model was first trained on
     */
    record Llama3(
            double factor,
            double lowFrequencyFactor,
            double highFrequencyFactor,
            int firstPositions)
            implements RopeScaling {

        public Llama3 {
            requireFactor(factor);
            if (!(lowFrequencyFactor > 0 && lowFrequencyFactor < highFrequencyFactor)) {
                throw new IllegalArgumentException(
                        "low_freq_factor %s is not between 0 and high_freq_factor %s"
                                .formatted(lowFrequencyFactor, highFrequencyFactor));
            }
            if (firstPositions < 1) {
                throw new IllegalArgumentException(
                        "original_max_position_embeddings is " + firstPositions);
            }
        }

        @Override
        public double divisor(double frequency) {
            double fullTurns = firstPositions * frequency / (2 * Math.PI);
            double kept =
                    (fullTurns - lowFrequencyFactor) / (highFrequencyFactor - lowFrequencyFactor);
            double share = Math.clamp(kept, 0.0, 1.0);
            return 1 / ((1 - share) / factor + share);
        }
    }

    /** The frequency of a pair of a head, in radians per position. */
    static double frequency(RopeScaling scaling, double theta, int headSize, int pair) {
        double frequency = Math.pow(theta, -2.0 * pair / headSize);
        return frequency / scaling.divisor(frequency);
    }

    private static void requireFactor(double factor) {
        if (!(factor >= 1 && factor < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("factor %s is not at least 1".formatted(factor));
        }
    }
}
