package dev.tapestry.consortium;

/**
 * Generalised primal averaging (GPA, arXiv 2512.17131) around an inner optimiser: y = μ_y x + (1 −
 * μ_y) z; g = ∇f(y); z ← z − γ · InnerOpt(g); x ← μ_x x + (1 − μ_x) z. What is contributed,
 * exported and scored is x, the average; z runs ahead of it. It does smoothly in every step what an
 * outer optimiser around one trainer does now and then.
 *
 * @param gradientPoint μ_y, how far from z towards x gradients are taken, 0 to 1
 * @param memory μ_x, how much of x stays in a step, at least 0 and below 1
 */
public record PrimalAveraging(double gradientPoint, double memory) {

    private static final double GRADIENT_POINT = 0.7;
    private static final double KEPT = 0.9;

    public PrimalAveraging {
        if (!(gradientPoint >= 0 && gradientPoint <= 1)) {
            throw new IllegalArgumentException(
                    "gradientPoint is at least 0 and at most 1, not " + gradientPoint);
        }
        Bounds.fraction("memory", memory);
    }

    /**
     * The published setting that averages as far as an outer optimiser after every so many steps
     * would: μ_y = 0.7, μ_x = 0.9^(1 ÷ steps), which is 0.9934 for 16, 0.9967 for 32 and 0.9984 for
     * 64.
     */
    public static PrimalAveraging over(int steps) {
        Bounds.atLeast(1, "steps", steps);
        return new PrimalAveraging(GRADIENT_POINT, StrictMath.pow(KEPT, 1.0 / steps));
    }
}
