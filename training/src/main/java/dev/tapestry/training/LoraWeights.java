package dev.tapestry.training;

import dev.tapestry.training.ParameterLayout.Slot;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.SplittableRandom;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The low-rank part of a model that learns with LoRA. The model's weights are the effective ones:
 *
 * <pre>
 * W = W₀ + s·B·A    ∂/∂A = s·Bᵀ·∂/∂W    ∂/∂B = s·∂/∂W·Aᵀ    s = α/r
 * </pre>
 *
 * <p>so that the model's own pass gives ∂/∂W, and only A and B have an optimiser. A begins uniform
 * in ±1/√in, B zero: the model begins as it was. The names are those of PEFT.
 */
final class LoraWeights implements AutoCloseable {

    private static final String PREFIX = "base_model.model.";

    /** One matrix: W, its gradient, W₀, and A and B with theirs. */
    private record Matrix(
            FlatParameters.Trained effective,
            Tensor base,
            FlatParameters.Trained a,
            FlatParameters.Trained b) {}

    private final LoraPlan plan;
    private final FlatParameters parameters;
    private final NativeTensors owned = new NativeTensors();
    private final List<Matrix> matrices = new ArrayList<>();

    /** Beside {@code model}, whose weights are W₀; the same for the same seed. */
    LoraWeights(LoraPlan plan, Llama model, long seed) {
        this.plan = plan;
        FlatParameters all = model.parameters();
        try (PointerScope _ = new PointerScope();
                GradientsOff _ = new GradientsOff()) {
            parameters = beside(plan, model);
            SplittableRandom random = new SplittableRandom(seed);
            for (String name : adapted(plan, model.config())) {
                FlatParameters.Trained a = parameters.trained(half(name, 'A'), owned);
                draw(a.weights(), random);
                FlatParameters.Trained effective = all.trained(name, owned);
                matrices.add(
                        new Matrix(
                                effective,
                                owned.keep(effective.weights().detach().clone()),
                                a,
                                parameters.trained(half(name, 'B'), owned)));
            }
        }
    }

    /**
     * Room for A and B of all matrices, in the number format and on the device of {@code model}.
     */
    static FlatParameters beside(LoraPlan plan, Llama model) {
        try (PointerScope _ = new PointerScope()) {
            return new FlatParameters(
                    layout(plan, model.config()), model.parameters().values().options());
        }
    }

    /** Adds s·B·A to the model's weights. */
    static void add(LoraPlan plan, FlatParameters adapter, Llama model) {
        Scalar scale = new Scalar(plan.scale());
        try (PointerScope _ = new PointerScope();
                GradientsOff _ = new GradientsOff()) {
            for (String name : adapted(plan, model.config())) {
                Tensor change = adapter.tensor(half(name, 'B')).mm(adapter.tensor(half(name, 'A')));
                Tensor weights = model.parameters().tensor(name);
                weights.copy_(torch.add(weights, change, scale));
            }
        }
    }

    /** By PEFT's names. */
    private static ParameterLayout layout(LoraPlan plan, LlamaConfig config) {
        ParameterLayout model = ParameterLayout.of(config);
        SequencedMap<String, List<Long>> shapes = new LinkedHashMap<>();
        for (String name : adapted(plan, config)) {
            Slot slot = model.slot(name);
            shapes.put(half(name, 'A'), List.of((long) plan.rank(), slot.shape().get(1)));
            shapes.put(half(name, 'B'), List.of(slot.shape().get(0), (long) plan.rank()));
        }
        return ParameterLayout.of(shapes);
    }

    private static List<String> adapted(LoraPlan plan, LlamaConfig config) {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < config.layers(); i++) {
            for (String part : plan.parts()) {
                names.add(ParameterLayout.layer(i, part));
            }
        }
        return names;
    }

    private static String half(String name, char which) {
        String module = name.substring(0, name.length() - ".weight".length());
        return PREFIX + module + ".lora_" + which + ".weight";
    }

    private static void draw(Tensor a, SplittableRandom random) {
        double most = 1 / Math.sqrt((double) a.size(1));
        boolean wide = a.scalar_type() == ScalarType.Double;
        TensorMemory.change(
                a,
                memory -> {
                    for (long i = 0; i < a.numel(); i++) {
                        double value = (2 * random.nextDouble() - 1) * most;
                        if (wide) {
                            memory.setAtIndex(ValueLayout.JAVA_DOUBLE, i, value);
                        } else {
                            memory.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) value);
                        }
                    }
                });
    }

    LoraPlan plan() {
        return plan;
    }

    /** A and B: what is trained. */
    FlatParameters parameters() {
        return parameters;
    }

    /** Puts the gradients of A and B in the place of what was there, given those of the model. */
    void project() {
        Scalar scale = new Scalar(plan.scale());
        try (PointerScope _ = new PointerScope();
                GradientsOff _ = new GradientsOff()) {
            for (Matrix matrix : matrices) {
                Tensor slope = matrix.effective().gradient();
                put(matrix.a().gradient(), matrix.b().weights().t().mm(slope), scale);
                put(matrix.b().gradient(), slope.mm(matrix.a().weights().t()), scale);
            }
        }
    }

    private static void put(Tensor target, Tensor value, Scalar scale) {
        target.copy_(value);
        target.mul_(scale);
    }

    /** Makes the model's weights the effective ones. */
    void apply() {
        Scalar scale = new Scalar(plan.scale());
        try (PointerScope _ = new PointerScope();
                GradientsOff _ = new GradientsOff()) {
            for (Matrix matrix : matrices) {
                Tensor change = matrix.b().weights().mm(matrix.a().weights());
                matrix.effective().weights().copy_(torch.add(matrix.base(), change, scale));
            }
        }
    }

    @Override
    public void close() {
        owned.close();
        parameters.close();
    }
}
