package dev.tapestry.training;

import dev.tapestry.consortium.Digest;
import dev.tapestry.training.ParameterLayout.Range;
import dev.tapestry.training.ParameterLayout.Slot;
import java.security.MessageDigest;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * All weights of a model in one native buffer and, once training begins, all gradients in another.
 *
 * <p>The tensors that the forward pass multiplies by are views of the first; their gradients are
 * views of the second, into which autograd adds in place.
 */
final class FlatParameters implements AutoCloseable {

    private static final long DIGESTED_ELEMENTS = 1 << 27;

    private final ParameterLayout layout;
    private final NativeTensors owned = new NativeTensors();
    private final Tensor values;
    private final Map<String, Tensor> views = new LinkedHashMap<>();
    private @Nullable Tensor gradients;

    /** All zero, with the number format and on the device that {@code options} name. */
    FlatParameters(ParameterLayout layout, TensorOptions options) {
        this.layout = layout;
        try (PointerScope _ = new PointerScope()) {
            values = owned.keep(torch.zeros(new long[] {layout.elements()}, options));
            for (Slot slot : layout.slots().values()) {
                views.put(slot.name(), owned.keep(view(values, slot).detach()));
            }
        }
    }

    ParameterLayout layout() {
        return layout;
    }

    /** The type of each weight: fp32, or fp64 where gradients are checked. */
    ScalarType type() {
        return values.scalar_type();
    }

    /** All weights, {@code [elements]}. */
    Tensor values() {
        return values;
    }

    /** The weights of one Hugging Face tensor, in its shape. */
    Tensor tensor(String name) {
        Tensor view = views.get(name);
        if (view == null) {
            throw new IllegalArgumentException("no tensor " + name);
        }
        return view;
    }

    /** The same, or nothing where this model has none of that name. */
    @Nullable Tensor find(String name) {
        return views.get(name);
    }

    /**
     * All gradients, {@code [elements]}; the first call allocates them, zero, and makes all weights
     * trainable.
     */
    Tensor gradients() {
        if (gradients == null) {
            try (PointerScope _ = new PointerScope()) {
                gradients = owned.keep(torch.zeros_like(values));
                for (Slot slot : layout.slots().values()) {
                    Tensor weights = tensor(slot.name());
                    weights.set_requires_grad(true);
                    weights.mutable_grad().put(view(gradients, slot));
                }
            }
        }
        return gradients;
    }

    /** A range of a buffer that has this layout, sharing its memory. */
    static Tensor range(Tensor buffer, Range range) {
        return buffer.narrow(0, range.offset(), range.elements());
    }

    /**
     * Weights and gradient of matrices that touch in the buffer, as one {@code [rows, columns]}.
     */
    record Trained(Tensor weights, Tensor gradient) {}

    /** The layer's matrices from {@code first} to {@code last}, all of as many columns. */
    Trained trained(String first, String last, NativeTensors owner) {
        Slot start = layout.slot(first);
        Slot end = layout.slot(last);
        long columns = start.shape().getLast();
        long elements = end.offset() + end.elements() - start.offset();
        Slot all = new Slot(first, start.offset(), List.of(elements / columns, columns));
        try (PointerScope _ = new PointerScope()) {
            return new Trained(owner.keep(view(values, all)), owner.keep(view(gradients(), all)));
        }
    }

    /** The same for one tensor, in its own shape. */
    Trained trained(String name, NativeTensors owner) {
        Slot slot = layout.slot(name);
        try (PointerScope _ = new PointerScope()) {
            return new Trained(owner.keep(view(values, slot)), owner.keep(view(gradients(), slot)));
        }
    }

    /** The same for vectors that touch, as one. */
    Trained vector(String first, String last, NativeTensors owner) {
        Slot start = layout.slot(first);
        Slot end = layout.slot(last);
        long elements = end.offset() + end.elements() - start.offset();
        Slot all = new Slot(first, start.offset(), List.of(elements));
        try (PointerScope _ = new PointerScope()) {
            return new Trained(owner.keep(view(values, all)), owner.keep(view(gradients(), all)));
        }
    }

    private static Tensor view(Tensor buffer, Slot slot) {
        long[] shape = slot.shape().stream().mapToLong(Long::longValue).toArray();
        return buffer.narrow(0, slot.offset(), slot.elements()).view(shape);
    }

    /** Of all weights. */
    Digest digest() {
        MessageDigest digest = Digest.sha256();
        for (long at = 0; at < layout.elements(); at += DIGESTED_ELEMENTS) {
            try (PointerScope _ = new PointerScope()) {
                Range part = new Range(at, Math.min(DIGESTED_ELEMENTS, layout.elements() - at));
                TensorMemory.read(
                        range(values, part), memory -> digest.update(memory.asByteBuffer()));
            }
        }
        return Digest.ofHash(digest.digest());
    }

    /**
     * Fresh weights: norms one, biases zero, matrices normal with the configured deviation; the
     * same for the same seed on every device, since the processors draw them. The two matrices of a
     * layer that write to the residual stream begin smaller by √(2·layers), so that depth does not
     * amplify it (Radford et al. 2019).
     */
    void initialise(LlamaConfig config, long seed) {
        try (PointerScope _ = new PointerScope();
                GradientsOff _ = new GradientsOff()) {
            values.copy_(normal(seed));
            values.mul_(new Scalar(config.initializerRange()));
            range(values, layout.norms()).fill_(new Scalar(1.0));
            range(values, layout.biases()).fill_(new Scalar(0.0));
            Scalar residual = new Scalar(1 / Math.sqrt(2.0 * config.layers()));
            for (int i = 0; i < config.layers(); i++) {
                tensor(ParameterLayout.layer(i, "self_attn.o_proj")).mul_(residual);
                tensor(ParameterLayout.layer(i, "mlp.down_proj")).mul_(residual);
            }
        }
    }

    /** Libtorch has one generator for all threads: nobody may draw between seed and numbers. */
    private Tensor normal(long seed) {
        synchronized (FlatParameters.class) {
            torch.manual_seed(seed);
            return torch.randn(new long[] {layout.elements()});
        }
    }

    @Override
    public void close() {
        owned.close();
    }
}
