package dev.tapestry.aggregation;

import dev.tapestry.consortium.OuterOptimizer;
import dev.tapestry.consortium.OuterOptimizer.Variant;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What the outer optimiser does in one merge, with the rates of this merge: θ ← θ − η d, where d is
 * made of Δ and the buffers, chunk by chunk.
 */
sealed interface OuterStep {

    /** η of this merge. */
    double learningRate();

    /** What a buffer holds before the first merge. */
    float initial(Buffer buffer);

    /**
     * Updates the buffers with Δ and leaves d in its place.
     *
     * @param update Δ of a chunk
     * @param buffers by ordinal, those that the rule keeps
     */
    void turn(Kernels kernels, float[] update, float[][] buffers, int count);

    /**
     * The part of d that lies along Δ, as a multiple of Δ, if b had {@code c} = ⟨b, Δ⟩ ÷ ‖Δ‖²
     * before this merge; empty where d is not linear in both.
     */
    OptionalDouble alignedGain(double c);

    /** The step of {@code optimizer} after {@code state}. */
    static OuterStep of(OuterOptimizer optimizer, Optional<OuterState> state) {
        return switch (optimizer) {
            case OuterOptimizer.Sgd(double rate, double momentum, boolean nesterov) ->
                    new Descent(rate, momentum, nesterov, momentum > 0);
            case OuterOptimizer.Adaptive(
                            Variant variant,
                            double rate,
                            double beta1,
                            double beta2,
                            double epsilon) ->
                    new AdaptiveDescent(variant, rate, beta1, beta2, epsilon);
            case OuterOptimizer.Measured measured ->
                    measured(
                            measured, state.map(OuterState::cosine).orElse(OptionalDouble.empty()));
        };
    }

    /** Holds the steady step at its target while the momentum follows the measured cosine. */
    private static Descent measured(OuterOptimizer.Measured rule, OptionalDouble cosine) {
        double rho = Math.max(0, cosine.orElse(0));
        double momentum = Math.min(rule.maxMomentum(), rho);
        double rate = rule.targetStep() / (1 + momentum / (1 - momentum * Math.min(1, rho)));
        return new Descent(rate, momentum, true, true);
    }

    /**
     * b ← μ b + Δ; d = Δ + μ b with Nesterov's momentum, d = b without, d = Δ where no b is kept.
     *
     * @param keeps whether b is kept, also while μ is 0
     */
    record Descent(double learningRate, double momentum, boolean nesterov, boolean keeps)
            implements OuterStep {

        @Override
        public float initial(Buffer buffer) {
            return 0;
        }

        @Override
        public void turn(Kernels kernels, float[] update, float[][] buffers, int count) {
            if (!keeps) {
                return;
            }
            float[] sum = buffers[Buffer.FIRST_MOMENT.index()];
            kernels.decay(sum, (float) momentum, update, count);
            if (nesterov) {
                kernels.addScaled(update, (float) momentum, sum, count);
            } else {
                System.arraycopy(sum, 0, update, 0, count);
            }
        }

        /** Nesterov: 1 + μ + μ²c; heavy ball: 1 + μc. */
        @Override
        public OptionalDouble alignedGain(double c) {
            return OptionalDouble.of(
                    nesterov ? 1 + momentum + momentum * momentum * c : 1 + momentum * c);
        }
    }

    /** FedOpt: m ← β₁ m + (1 − β₁) Δ, v by the variant; d = m ÷ (√v + τ). */
    record AdaptiveDescent(
            Variant variant, double learningRate, double beta1, double beta2, double epsilon)
            implements OuterStep {

        /** The least that the paper lets v begin with. */
        @Override
        public float initial(Buffer buffer) {
            return buffer == Buffer.SECOND_MOMENT ? (float) (epsilon * epsilon) : 0;
        }

        @Override
        public void turn(Kernels kernels, float[] update, float[][] buffers, int count) {
            float[] first = buffers[Buffer.FIRST_MOMENT.index()];
            float[] second = buffers[Buffer.SECOND_MOMENT.index()];
            kernels.average(first, (float) beta1, (float) (1 - beta1), update, count);
            kernels.square(variant, second, (float) beta2, (float) (1 - beta2), update, count);
            kernels.adapt(first, second, (float) epsilon, update, count);
        }

        @Override
        public OptionalDouble alignedGain(double c) {
            return OptionalDouble.empty();
        }
    }
}
