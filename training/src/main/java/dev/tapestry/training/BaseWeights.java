package dev.tapestry.training;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * The weights that a training began from, to which all are drawn back a little each step: θ ← θ −
 * η·λ·(θ − θ₀), the step of λ/2·|θ − θ₀|² apart from the optimiser (decoupled, as AdamW's decay
 * is).
 */
final class BaseWeights implements AutoCloseable {

    private final FlatParameters parameters;
    private final double rate;
    private final NativeTensors owned = new NativeTensors();
    private final Tensor start;

    /** Remembers the weights as they are now. */
    BaseWeights(FlatParameters parameters, double strength, OptimizerPlan optimizer) {
        this.parameters = parameters;
        this.rate =
                strength
                        * switch (optimizer) {
                            case OptimizerPlan.AdamW adamW -> adamW.learningRate();
                            case OptimizerPlan.Muon muon -> muon.learningRate();
                        };
        try (PointerScope _ = new PointerScope()) {
            start = owned.keep(parameters.values().clone());
        }
    }

    /** Draws the weights back, by the schedule's factor. */
    void drawBack(double factor) {
        try (PointerScope _ = new PointerScope();
                GradientsOff _ = new GradientsOff()) {
            Tensor away = parameters.values().sub(start);
            parameters.values().sub_(away, new Scalar(Math.min(1, rate * factor)));
        }
    }

    @Override
    public void close() {
        owned.close();
    }
}
