package dev.tapestry.consortium;

/**
 * What the aggregated update Δ (which points from the new weights back to the base) does to the
 * base θ.
 */
public sealed interface OuterOptimizer {

    /**
     * Stochastic gradient descent with Δ as the gradient, as PyTorch's SGD without dampening: b ← μ
     * b + Δ; then θ ← θ − η (Δ + μ b) with Nesterov's momentum, θ ← θ − η b without.
     *
     * @param learningRate η, above 0
     * @param momentum μ, at least 0 and below 1; with 0 nothing is kept between rounds
     * @param nesterov whether the momentum looks ahead; false where there is none
     */
    record Sgd(double learningRate, double momentum, boolean nesterov) implements OuterOptimizer {
        public Sgd {
            Bounds.positive("the outer learning rate", learningRate);
            Bounds.fraction("the outer momentum", momentum);
            if (nesterov && momentum == 0) {
                throw new IllegalArgumentException(
                        "Nesterov's momentum is above 0; without momentum write nesterov: false");
            }
        }
    }

    /** How {@link Adaptive} keeps the second moment. */
    enum Variant {
        /** v ← β₂ v + (1 − β₂) Δ². */
        ADAM,
        /** v ← v − (1 − β₂) Δ² sign(v − Δ²). */
        YOGI,
        /** v ← v + Δ². */
        ADAGRAD
    }

    /**
     * FedOpt (arXiv 2003.00295, Algorithm 2): m ← β₁ m + (1 − β₁) Δ; v by the variant, from τ²; θ ←
     * θ − η m ÷ (√v + τ). The paper's Δ points from the base to the new weights and is added; ours
     * is its negative and is subtracted. There is no bias correction, as in the paper.
     *
     * @param variant how v is kept
     * @param learningRate η, above 0
     * @param beta1 decay of the first moment, at least 0 and below 1
     * @param beta2 decay of the second moment, at least 0 and below 1; 0 for ADAGRAD, which has
     *     none
     * @param epsilon τ, the degree of adaptivity, above 0
     */
    record Adaptive(
            Variant variant, double learningRate, double beta1, double beta2, double epsilon)
            implements OuterOptimizer {
        public Adaptive {
            Bounds.positive("the outer learning rate", learningRate);
            Bounds.fraction("beta1", beta1);
            Bounds.fraction("beta2", beta2);
            Bounds.positive("epsilon", epsilon);
            if (variant == Variant.ADAGRAD && beta2 != 0) {
                throw new IllegalArgumentException(
                        "ADAGRAD has no beta2: write beta2: 0, not " + beta2);
            }
        }
    }

    /**
     * Nesterov's momentum by measurement: rate and momentum are chosen for each round from how much
     * the aggregated updates go the same way.
     *
     * <p>With ρ the cosine between successive updates, momentum μ multiplies a steady step by 1 + μ
     * ÷ (1 − μρ): the same μ is harmless where updates are orthogonal and overshoots where they
     * agree. So the step is held and the momentum follows: μ = min(maxMomentum, max(0, ρ̂)), η =
     * targetStep ÷ (1 + μ ÷ (1 − μρ̂⁺)), with ρ̂⁺ = max(0, ρ̂). ρ̂ is the running mean ρ̂ ← memory
     * ρ̂ + (1 − memory) cos(Δₜ, Δₜ₋₁), begun with the first cosine that was measured; it is updated
     * after each merge and so acts on the next. Until there is one, μ = 0 and η = targetStep.
     *
     * @param targetStep the steady step η(1 + μ ÷ (1 − μρ)), above 0
     * @param maxMomentum at least 0 and below 1
     * @param memory how much of the running mean stays, at least 0 and below 1
     */
    record Measured(double targetStep, double maxMomentum, double memory)
            implements OuterOptimizer {
        public Measured {
            Bounds.positive("targetStep", targetStep);
            Bounds.fraction("maxMomentum", maxMomentum);
            Bounds.fraction("memory", memory);
        }
    }

    /**
     * Delayed Nesterov (arXiv 2401.09135, Algorithm 2): for merges of single contributions, as they
     * come when nobody waits. N updates are gathered before they turn the momentum once, which
     * otherwise each stale one would turn.
     *
     * <p>Σ ← Σ + Δ. Until N are gathered θ ← θ − η (Δ/N + cβm); with the Nth m ← βm + Σ/N, θ ← θ −
     * η (Δ/N + (1 − cN + c)βm), Σ ← 0. With N = 1 it is Nesterov's momentum. As every Δ counts as
     * one of N, η is that of a merge of N contributions.
     *
     * @param learningRate η, above 0
     * @param momentum β, above 0 and below 1
     * @param merges N, how many updates are gathered, at least 1
     * @param spread c, the share of the momentum that goes into each merge before the Nth; 0 for
     *     none, at most 1/N, with which all have the same
     */
    record DelayedNesterov(double learningRate, double momentum, int merges, double spread)
            implements OuterOptimizer {
        public DelayedNesterov {
            Bounds.positive("the outer learning rate", learningRate);
            Bounds.positive("the outer momentum", momentum);
            Bounds.fraction("the outer momentum", momentum);
            Bounds.atLeast(1, "merges", merges);
            if (!(spread >= 0 && spread <= 1.0 / merges)) {
                throw new IllegalArgumentException(
                        "spread is at least 0 and at most 1 ÷ merges = %s, not %s"
                                .formatted(1.0 / merges, spread));
            }
        }
    }

    /** Federated averaging: the base becomes the aggregate. */
    static Sgd fedAvg() {
        return new Sgd(1, 0, false);
    }

    /** Federated averaging with server momentum (arXiv 1909.06335): the heavy ball. */
    static Sgd fedAvgM(double learningRate, double momentum) {
        return new Sgd(learningRate, momentum, false);
    }

    /** The outer optimiser of DiLoCo (arXiv 2311.08105): Nesterov's momentum, if it is above 0. */
    static Sgd diLoCo(double learningRate, double momentum) {
        return new Sgd(learningRate, momentum, momentum > 0);
    }

    /** FedAdam (arXiv 2003.00295) with the paper's β₁ = 0.9, β₂ = 0.99. */
    static Adaptive fedAdam(double learningRate, double epsilon) {
        return new Adaptive(Variant.ADAM, learningRate, 0.9, 0.99, epsilon);
    }

    /** FedYogi (arXiv 2003.00295) with the paper's β₁ = 0.9, β₂ = 0.99. */
    static Adaptive fedYogi(double learningRate, double epsilon) {
        return new Adaptive(Variant.YOGI, learningRate, 0.9, 0.99, epsilon);
    }

    /** FedAdagrad (arXiv 2003.00295) with the paper's β₁ = 0. */
    static Adaptive fedAdagrad(double learningRate, double epsilon) {
        return new Adaptive(Variant.ADAGRAD, learningRate, 0, 0, epsilon);
    }
}
