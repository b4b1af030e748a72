package dev.tapestry.training;

import dev.tapestry.weights.DType;
import dev.tapestry.weights.ModelDirectory;
import java.nio.file.Path;
import java.util.function.Predicate;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A model of the Llama family in memory: its configuration and its weights in fp32.
 *
 * <p>Belongs to one thread at a time. Must be closed: its memory is native.
 */
public final class Llama implements AutoCloseable {

    private final LlamaConfig config;
    private final FlatParameters parameters;
    private final LlamaForward forward;

    private Llama(LlamaConfig config, TensorOptions options) {
        this.config = config;
        this.parameters = new FlatParameters(ParameterLayout.of(config), options);
        this.forward = new LlamaForward(config, parameters);
    }

    /**
     * Loads a Hugging Face model directory; weights in F32, BF16 or F16 become fp32.
     *
     * @throws TrainingException {@code MALFORMED_CONFIG}, {@code UNSUPPORTED_MODEL} or {@code
     *     WRONG_TENSORS}
     */
    public static Llama load(ModelDirectory directory) {
        return load(directory, Device.CPU);
    }

    /**
     * The same on a device.
     *
     * @throws TrainingException also {@code DEVICE}, or {@code ENGINE} if there is no memory for it
     */
    public static Llama load(ModelDirectory directory, Device device) {
        device.require();
        return Libtorch.does("loading " + directory.path(), () -> read(directory, device));
    }

    private static Llama read(ModelDirectory directory, Device device) {
        LlamaConfig config = LlamaConfigFile.read(directory.config());
        // Before anything of the promised size is allocated.
        ModelFiles.requireShapes(directory, ParameterLayout.of(config));
        Llama model = empty(config, device);
        try {
            model.replaceWeights(directory);
            return model;
        } catch (RuntimeException e) {
            model.close();
            throw e;
        }
    }

    /** A model with random weights; the same for the same seed. */
    public static Llama fresh(LlamaConfig config, long seed) {
        return fresh(config, seed, Device.CPU);
    }

    /**
     * The same on a device.
     *
     * @throws TrainingException {@code DEVICE}
     */
    public static Llama fresh(LlamaConfig config, long seed, Device device) {
        device.require();
        return Libtorch.does(
                "making a model",
                () -> {
                    try (PointerScope _ = new PointerScope()) {
                        return fresh(config, seed, device.options(ScalarType.Float));
                    }
                });
    }

    /** The same in another number format, in which gradients are checked. */
    static Llama fresh(LlamaConfig config, long seed, TensorOptions options) {
        Llama model = new Llama(config, options);
        model.parameters.initialise(config, seed);
        return model;
    }

    /**
     * A model of this shape whose weights are all zero, to be filled.
     *
     * @throws TrainingException {@code DEVICE}
     */
    static Llama empty(LlamaConfig config, Device device) {
        device.require();
        return Libtorch.does(
                "making room for a model",
                () -> {
                    try (PointerScope _ = new PointerScope()) {
                        return new Llama(config, device.options(ScalarType.Float));
                    }
                });
    }

    /** Its shape. */
    public LlamaConfig config() {
        return config;
    }

    /**
     * Takes over the weights of another model of the same shape.
     *
     * @throws TrainingException {@code WRONG_TENSORS} if names or shapes differ
     */
    public void replaceWeights(ModelDirectory directory) {
        replaceWeights(directory, _ -> true);
    }

    /** The same for some tensors, by name. */
    void replaceWeights(ModelDirectory directory, Predicate<String> tensors) {
        ModelFiles.read(directory, tensors, parameters);
    }

    /** See {@link Trainer#rebase}. */
    void rebase(ModelDirectory sent, ModelDirectory base, Predicate<String> tensors) {
        try (GradientsOff _ = new GradientsOff()) {
            ModelFiles.addDifference(base, sent, tensors, parameters.layout(), parameters.values());
        }
    }

    /** Adds the weights of {@code base}, all F32, to these. */
    void addWeights(ModelDirectory base) {
        try (GradientsOff _ = new GradientsOff()) {
            ModelFiles.add(base, parameters.layout(), parameters.values());
        }
    }

    /**
     * Writes this model as a Hugging Face directory with {@code config.json} and weights, and
     * nothing else.
     *
     * @param target does not exist yet, or is empty
     * @param dtype of the weights on disk
     */
    public void saveTo(Path target, DType dtype) {
        ModelFiles.write(target, config, parameters, dtype);
    }

    /**
     * Writes this model with the dtypes, shards, configuration, tokenizer and other JSON files of
     * {@code base}, so that the two differ in nothing but the numbers.
     *
     * @param target does not exist yet, or is empty
     */
    public void saveLike(ModelDirectory base, Path target) {
        ModelFiles.writeLike(base, target, parameters);
    }

    FlatParameters parameters() {
        return parameters;
    }

    LlamaForward forward() {
        return forward;
    }

    /** Logits {@code [batch, seq, vocab]} of token ids {@code [batch, seq]}. */
    Tensor logits(Tensor ids, Precision precision) {
        return forward.logits(ids, precision, null);
    }

    /** Releases the weights. */
    @Override
    public void close() {
        forward.close();
        parameters.close();
    }
}
