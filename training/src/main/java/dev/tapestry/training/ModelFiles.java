package dev.tapestry.training;

import dev.tapestry.training.ParameterLayout.Slot;
import dev.tapestry.training.TrainingException.Code;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.FloatConversion;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.ModelDirectoryWriter;
import dev.tapestry.weights.TensorSpec;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Moves weights between a Hugging Face directory and the flat buffer, tensor by tensor. */
final class ModelFiles {

    private static final String EMBEDDING = "model.embed_tokens.weight";
    private static final String HEAD = "lm_head.weight";

    private ModelFiles() {}

    static void read(
            ModelDirectory directory, Predicate<String> tensors, FlatParameters parameters) {
        requireShapes(directory, parameters.layout());
        for (String name : directory.tensors().keySet()) {
            if (!parameters.layout().slots().containsKey(name) && !redundant(directory, name)) {
                throw wrong(directory, "tensor " + name + " has no place in this architecture");
            }
        }
        for (Slot slot : parameters.layout().slots().values()) {
            if (tensors.test(slot.name())) {
                DType dtype = directory.tensor(slot.name()).dtype();
                MemorySegment data = directory.data(slot.name());
                TensorMemory.change(
                        parameters.tensor(slot.name()),
                        weights -> FloatConversion.widen(dtype, data, weights));
            }
        }
    }

    /**
     * Adds {@code plus} − {@code minus}, both F32, to the named tensors of a buffer that is laid
     * out as the weights are.
     *
     * @param buffer fp32, {@code [elements]}
     */
    static void addDifference(
            ModelDirectory plus,
            ModelDirectory minus,
            Predicate<String> tensors,
            ParameterLayout layout,
            Tensor buffer) {
        requireShapes(plus, layout);
        requireShapes(minus, layout);
        for (Slot slot : layout.slots().values()) {
            if (tensors.test(slot.name())) {
                try (PointerScope _ = new PointerScope()) {
                    Tensor difference = loaded(plus, slot).sub_(loaded(minus, slot));
                    part(buffer, slot).add_(TensorMemory.beside(buffer, difference));
                }
            }
        }
    }

    /** Adds {@code plus}, F32, to such a buffer. */
    static void add(ModelDirectory plus, ParameterLayout layout, Tensor buffer) {
        requireShapes(plus, layout);
        for (Slot slot : layout.slots().values()) {
            try (PointerScope _ = new PointerScope()) {
                part(buffer, slot).add_(TensorMemory.beside(buffer, loaded(plus, slot)));
            }
        }
    }

    /** One tensor of such a buffer, {@code [elements]}, sharing its memory. */
    static Tensor part(Tensor buffer, Slot slot) {
        return buffer.narrow(0, slot.offset(), slot.elements());
    }

    /** A copy of one tensor, {@code [elements]}: of the arithmetic nothing is left to cold code. */
    private static Tensor loaded(ModelDirectory model, Slot slot) {
        Tensor tensor = torch.empty(new long[] {slot.elements()});
        NativeTensors.memory(tensor).copyFrom(f32(model, slot));
        return tensor;
    }

    private static MemorySegment f32(ModelDirectory model, Slot slot) {
        DType dtype = model.tensor(slot.name()).dtype();
        if (dtype != DType.F32) {
            throw wrong(model, "tensor " + slot.name() + " is " + dtype + "; F32 is needed here");
        }
        return model.data(slot.name());
    }

    /** Refuses a model that lacks a tensor of this layout, or has it in another shape. */
    static void requireShapes(ModelDirectory directory, ParameterLayout layout) {
        layout.slots().values().forEach(slot -> check(directory, slot));
    }

    private static void check(ModelDirectory directory, Slot slot) {
        TensorSpec spec = directory.tensors().get(slot.name());
        if (spec == null) {
            throw wrong(directory, "tensor " + slot.name() + " is missing");
        }
        if (!spec.shape().equals(slot.shape())) {
            throw wrong(
                    directory,
                    "tensor %s has shape %s; config.json promises %s"
                            .formatted(slot.name(), spec.shape(), slot.shape()));
        }
    }

    /**
     * Some exporters also store what follows from the rest: a tied output matrix, or the rotary
     * frequencies.
     */
    private static boolean redundant(ModelDirectory directory, String name) {
        if (name.endsWith(".rotary_emb.inv_freq")) {
            return true;
        }
        return name.equals(HEAD)
                && directory.tensor(HEAD).dtype() == directory.tensor(EMBEDDING).dtype()
                && directory.data(HEAD).mismatch(directory.data(EMBEDDING)) < 0;
    }

    static void write(Path target, LlamaConfig config, FlatParameters parameters, DType dtype) {
        List<TensorSpec> specs =
                parameters.layout().slots().values().stream()
                        .map(slot -> new TensorSpec(slot.name(), dtype, slot.shape()))
                        .toList();
        try (ModelDirectoryWriter writer =
                ModelDirectoryWriter.create(
                        target, specs, ModelDirectoryWriter.DEFAULT_SHARD_BYTES)) {
            writer.addFile(ModelDirectory.CONFIG, LlamaConfigFile.write(config, dtype));
            fill(writer, parameters.layout(), slot -> parameters.tensor(slot.name()));
            writer.commit();
        }
    }

    static void writeLike(ModelDirectory base, Path target, FlatParameters parameters) {
        writeLike(base, target, parameters.layout(), slot -> parameters.tensor(slot.name()), true);
    }

    /**
     * Writes a buffer that is laid out as the weights are, with the names, shapes and shards of
     * {@code base}; what follows from the rest of a model is 0.
     *
     * @param slots the buffer's part of each tensor
     */
    static void writeLike(
            ModelDirectory base,
            Path target,
            ParameterLayout layout,
            Function<Slot, Tensor> slots) {
        writeLike(base, target, layout, slots, false);
    }

    private static void writeLike(
            ModelDirectory base,
            Path target,
            ParameterLayout layout,
            Function<Slot, Tensor> slots,
            boolean redundantToo) {
        requireShapes(base, layout);
        try (ModelDirectoryWriter writer = ModelDirectoryWriter.createLike(base, target)) {
            for (String name : base.tensors().keySet()) {
                if (!layout.slots().containsKey(name)) {
                    if (!redundant(base, name)) {
                        throw wrong(base, "tensor " + name + " has no place in this architecture");
                    }
                    if (redundantToo) {
                        writer.data(name).copyFrom(base.data(name));
                    }
                }
            }
            fill(writer, layout, slots);
            if (redundantToo
                    && writer.tensors().containsKey(HEAD)
                    && !layout.slots().containsKey(HEAD)) {
                writer.data(HEAD).copyFrom(writer.data(EMBEDDING));
            }
            writer.commit();
        }
    }

    private static void fill(
            ModelDirectoryWriter writer, ParameterLayout layout, Function<Slot, Tensor> slots) {
        writer.tensors()
                .forEach((name, spec) -> {
                    Slot slot = layout.slots().get(name);
                    if (slot != null) {
                        try (PointerScope _ = new PointerScope()) {
                            TensorMemory.read(
                                    slots.apply(slot),
                                    numbers ->
                                            FloatConversion.narrow(
                                                    spec.dtype(), numbers, writer.data(name)));
                        }
                    }
                });
    }

    private static TrainingException wrong(ModelDirectory directory, String message) {
        return new TrainingException(Code.WRONG_TENSORS, directory.path() + ": " + message);
    }
}
