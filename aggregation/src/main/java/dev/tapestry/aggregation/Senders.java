package dev.tapestry.aggregation;

/**
 * Per coordinate, Σ factorₘ Δₘ ÷ Σ weightₘ over the members whose update is not 0 there. Immutable.
 */
final class Senders implements Combination {

    private final float[] factors;
    private final float[] weights;

    /**
     * By member.
     *
     * @param weights 0 for those that do not count
     * @param scales what clipping leaves of their updates
     */
    Senders(double[] weights, double[] scales) {
        this.factors = new float[weights.length];
        this.weights = new float[weights.length];
        for (int member = 0; member < weights.length; member++) {
            this.factors[member] = (float) (weights[member] * scales[member]);
            this.weights[member] = (float) weights[member];
        }
    }

    float factor(int member) {
        return factors[member];
    }

    float weight(int member) {
        return weights[member];
    }
}
