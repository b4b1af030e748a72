package dev.tapestry.app.study.simulation;

import static dev.tapestry.app.study.simulation.SimulationPlan.positive;
import static dev.tapestry.app.study.simulation.SimulationPlan.require;

import dev.tapestry.consortium.LocalTraining;
import dev.tapestry.consortium.LocalTraining.Optimizer;
import dev.tapestry.consortium.LocalTraining.Schedule;

/**
 * A loss model in the place of text and of a language model, so that hundreds of members and
 * thousands of rounds can be simulated: the noisy quadratic (Zhang et al., arXiv 1907.04164) with
 * an optimum of its own for each member. It says what timing, absence and merges do to a convex
 * problem; it says nothing of a language model's quality.
 *
 * <p>The loss of member m is Lₘ(θ) = (1 ÷ 2d) Σ hᵢ (θᵢ − cₘᵢ)², with curvatures hᵢ from 1 down to 1
 * ÷ condition in equal ratios and optima cₘ = c + heterogeneity · N(0, I), where c is drawn from
 * N(0, I). A local step is θᵢ ← θᵢ − rate (hᵢ (θᵢ − cₘᵢ) + noise √hᵢ ξᵢ) with ξ from N(0, I).
 *
 * @param dimensions d, 1 to 10,000,000
 * @param condition the largest curvature over the smallest, at least 1
 * @param heterogeneity how far the members' optima lie apart, at least 0
 * @param noise of a gradient, at least 0
 * @param learningRate above 0; below 2 a step without noise goes downhill
 */
public record NoisyQuadratic(
        int dimensions, double condition, double heterogeneity, double noise, double learningRate)
        implements Learning {

    public NoisyQuadratic {
        require(
                dimensions >= 1 && dimensions <= 10_000_000,
                "dimensions",
                "1 to 10000000",
                dimensions);
        require(condition >= 1 && Double.isFinite(condition), "condition", "at least 1", condition);
        require(
                heterogeneity >= 0 && Double.isFinite(heterogeneity),
                "heterogeneity",
                "at least 0",
                heterogeneity);
        require(noise >= 0 && Double.isFinite(noise), "noise", "at least 0", noise);
        require(positive(learningRate), "learningRate", "above 0", learningRate);
    }

    /** A step counts as one token. */
    @Override
    public LocalTraining training(int rounds, int steps, long seed) {
        return new LocalTraining(
                steps,
                Optimizer.ADAMW,
                learningRate,
                1,
                Schedule.COSINE,
                0,
                (long) rounds * steps,
                1,
                1,
                0,
                1,
                seed);
    }

    @Override
    public long scoringTokens() {
        return 1;
    }

    /**
     * They mend what normalised steps do to members that differ. Here steps are plain and all
     * members' curvatures alike: the mean over all of them would be the same with a correction.
     */
    @Override
    public boolean sharesGradients() {
        return false;
    }

    @Override
    public boolean goesOn() {
        return true;
    }

    @Override
    public LocalWork open(Setting setting) {
        return new QuadraticWork(this, setting);
    }
}
