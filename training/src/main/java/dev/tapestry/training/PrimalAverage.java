package dev.tapestry.training;

import dev.tapestry.consortium.PrimalAveraging;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * The buffers of {@link PrimalAveraging}. Between steps the model's weights are x, so that whatever
 * reads or writes them reads or writes the average; z is here. Costs two buffers of the weights'
 * size. What changes weights is called with gradients off.
 */
final class PrimalAverage implements AutoCloseable {

    /** The name of z in a checkpoint. */
    static final String FAST = "averaging.fast";

    private final NativeTensors owned = new NativeTensors();
    private final PrimalAveraging plan;
    private final Tensor values;
    private final Tensor fast;
    private final Tensor average;

    /** Begins with z = x. */
    PrimalAverage(PrimalAveraging plan, FlatParameters parameters) {
        this.plan = plan;
        this.values = parameters.values();
        try (PointerScope _ = new PointerScope()) {
            fast = owned.keep(values.clone().detach());
            average = owned.keep(torch.zeros_like(fast));
        }
    }

    /** z, {@code [elements]}. */
    Tensor fast() {
        return fast;
    }

    /** Puts y in the weights' place, for the gradient. */
    void lookAhead() {
        average.copy_(values);
        values.mul_(new Scalar(plan.gradientPoint()))
                .add_(fast, new Scalar(1 - plan.gradientPoint()));
    }

    /** Puts x back. */
    void lookBack() {
        values.copy_(average);
    }

    /** Lets the optimiser move z, and x follow. */
    void step(Runnable optimizer) {
        average.copy_(values);
        values.copy_(fast);
        optimizer.run();
        fast.copy_(values);
        values.copy_(average)
                .mul_(new Scalar(plan.memory()))
                .add_(fast, new Scalar(1 - plan.memory()));
    }

    /** Lets {@code change} move x, and moves z by as much: what z has learnt ahead of x stays. */
    void move(Runnable change) {
        average.copy_(values);
        change.run();
        try (PointerScope _ = new PointerScope()) {
            fast.add_(values.sub(average));
        }
    }

    @Override
    public void close() {
        owned.close();
    }
}
