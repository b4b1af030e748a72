package dev.tapestry.training;

import dev.tapestry.training.ParameterLayout.Range;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.GenericList;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.Operation;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorType;
import org.bytedeco.pytorch.Type;
import org.bytedeco.pytorch.global.torch;

/**
 * AdamW on ranges of the flat buffers:
 *
 * <pre>
 * m ← β₁m + (1−β₁)g     v ← β₂v + (1−β₂)g²     θ ← θ − η·λ·θ
 * θ ← θ − η · m/(1−β₁ᵗ) / (√(v/(1−β₂ᵗ)) + ε)
 * </pre>
 *
 * <p>One pass over memory per range, by libtorch's fused kernel; the Java binding has no method for
 * it, so it is called by its schema.
 */
final class AdamWUpdate {

    private static final String FUSED =
            "aten::_fused_adamw_(Tensor(a!)[] self, Tensor(b!)[] grads, Tensor(c!)[] exp_avgs,"
                    + " Tensor(d!)[] exp_avg_sqs, Tensor(e!)[] max_exp_avg_sqs, Tensor[] state_steps, *,"
                    + " float lr, float beta1, float beta2, float weight_decay, float eps, bool amsgrad,"
                    + " bool maximize, Tensor? grad_scale=None, Tensor? found_inf=None) -> ()";

    private final FlatParameters parameters;
    private final OptimizerPlan.AdamW plan;
    private final List<Range> decayed;
    private final List<Range> undecayed;
    private final Tensor firstMoment;
    private final Tensor secondMoment;
    private final Operation fused;

    /**
     * Moments cover the buffer from its start to the end of the last range; {@code owner} keeps
     * them.
     */
    AdamWUpdate(
            FlatParameters parameters,
            OptimizerPlan.AdamW plan,
            List<Range> decayed,
            List<Range> undecayed,
            NativeTensors owner) {
        this.parameters = parameters;
        this.plan = plan;
        this.decayed = decayed;
        this.undecayed = undecayed;
        long end = 0;
        for (Range range : decayed) {
            end = Math.max(end, range.offset() + range.elements());
        }
        for (Range range : undecayed) {
            end = Math.max(end, range.offset() + range.elements());
        }
        try (PointerScope _ = new PointerScope()) {
            firstMoment = owner.keep(parameters.values().new_zeros(end));
            secondMoment = owner.keep(parameters.values().new_zeros(end));
            fused = owner.keep(torch.getOperatorForLiteral(FUSED).getOperation());
        }
    }

    /** Running mean of the gradients, {@code [covered elements]}. */
    Tensor firstMoment() {
        return firstMoment;
    }

    /** Running mean of the squared gradients, {@code [covered elements]}. */
    Tensor secondMoment() {
        return secondMoment;
    }

    /**
     * One step with the gradients at hand.
     *
     * @param step number of this step, from 1
     * @param rateFactor the schedule's factor
     */
    void step(long step, double rateFactor) {
        decayed.forEach(range -> apply(range, step, rateFactor, plan.weightDecay()));
        undecayed.forEach(range -> apply(range, step, rateFactor, 0));
    }

    private void apply(Range range, long step, double rateFactor, double weightDecay) {
        if (range.elements() == 0) {
            return;
        }
        // The kernel increments nothing: it wants the number of this step, exact in fp32 up to 2^24
        // steps. On a GPU it reads it there.
        IValueVector arguments =
                new IValueVector(
                        list(FlatParameters.range(parameters.values(), range)),
                        list(FlatParameters.range(parameters.gradients(), range)),
                        list(FlatParameters.range(firstMoment, range)),
                        list(FlatParameters.range(secondMoment, range)),
                        list(),
                        list(firstMoment.new_full(new long[0], new Scalar((double) step))),
                        new IValue(plan.learningRate() * rateFactor),
                        new IValue(plan.beta1()),
                        new IValue(plan.beta2()),
                        new IValue(weightDecay),
                        new IValue(plan.epsilon()),
                        new IValue(false),
                        new IValue(false),
                        new IValue(),
                        new IValue());
        fused.apply(arguments);
    }

    private static IValue list(Tensor... tensors) {
        GenericList list = new GenericList(new Type.TypePtr(TensorType.get()));
        for (Tensor tensor : tensors) {
            list.push_back(new IValue(tensor));
        }
        return new IValue(list);
    }
}
