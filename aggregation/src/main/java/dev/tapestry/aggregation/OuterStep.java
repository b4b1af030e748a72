package dev.tapestry.aggregation;

import dev.tapestry.consortium.OuterOptimizer;
import dev.tapestry.consortium.OuterOptimizer.Variant;
import java.util.Arrays;
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
            case OuterOptimizer.DelayedNesterov delayed ->
                    new Delayed(
                            delayed,
                            state.map(before -> before.notes().gathered().orElseThrow()).orElse(0));
            case OuterOptimizer.Measured measured ->
                    measured(measured, state.map(OuterState::notes).orElse(StateNotes.NONE));
        };
    }

    /** Holds the steady step at its target while the momentum follows the measured cosine. */
    private static Descent measured(OuterOptimizer.Measured rule, StateNotes notes) {
        double rho = Math.max(0, notes.cosine().orElse(0));
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

    /**
     * Σ ← Σ + Δ; d = Δ/N + cβm, and when N are gathered m ← βm + Σ/N, d = Δ/N + (1 − cN + c)βm, Σ ←
     * 0.
     *
     * @param gathered updates in Σ before this merge
     */
    record Delayed(OuterOptimizer.DelayedNesterov rule, int gathered) implements OuterStep {

        @Override
        public double learningRate() {
            return rule.learningRate();
        }

        double momentum() {
            return rule.momentum();
        }

        /** Whether this merge is the one that turns the momentum. */
        boolean turns() {
            return gathered + 1 == rule.merges();
        }

        @Override
        public float initial(Buffer buffer) {
            return 0;
        }

        @Override
        public void turn(Kernels kernels, float[] update, float[][] buffers, int count) {
            float[] momentum = buffers[Buffer.FIRST_MOMENT.index()];
            float[] sum = buffers[Buffer.GATHERED_UPDATES.index()];
            float share = (float) (1.0 / rule.merges());
            kernels.addScaled(sum, 1, update, count);
            kernels.scale(update, share, count);
            if (turns()) {
                kernels.average(momentum, (float) rule.momentum(), share, sum, count);
                Arrays.fill(sum, 0, count, 0);
            }
            kernels.addScaled(update, (float) (spread() * rule.momentum()), momentum, count);
        }

        /** How much of the momentum goes into this merge. */
        private double spread() {
            return turns() ? 1 - rule.spread() * (rule.merges() - 1) : rule.spread();
        }

        /** Between two turns: 1/N + cβ⟨b, Δ⟩ ÷ ‖Δ‖². */
        @Override
        public OptionalDouble alignedGain(double c) {
            return turns()
                    ? OptionalDouble.empty()
                    : OptionalDouble.of(1.0 / rule.merges() + rule.spread() * rule.momentum() * c);
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
