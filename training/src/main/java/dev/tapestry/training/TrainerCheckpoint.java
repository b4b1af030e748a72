package dev.tapestry.training;

import dev.tapestry.training.ParameterLayout.Slot;
import dev.tapestry.training.TrainingException.Code;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.SafetensorsFile;
import dev.tapestry.weights.SafetensorsWriter;
import dev.tapestry.weights.TensorSpec;
import dev.tapestry.weights.WeightsException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.bytedeco.pytorch.Tensor;

/**
 * A trainer on disk: one safetensors file, all F32.
 *
 * <pre>
 * metadata: format = tapestry-trainer-1, config (config.json), steps, sequences, tokens, schedule_tokens
 * tensors:  weights.NAME for each Hugging Face tensor; optimizer.NAME, one-dimensional, for each buffer of the optimiser,
 *           for those that run ahead where weights are averaged (averaging.fast), for the gradients' correction, and
 *           for the sum of the gradients of "counted_steps" steps (in the middle of a round)
 * a tuning: also "base" and "lessons", what it began from and learns from; with LoRA weights.NAME are A and B only
 * </pre>
 */
final class TrainerCheckpoint implements AutoCloseable {

    private static final String FORMAT = "tapestry-trainer-1";
    private static final String WEIGHTS = "weights.";
    private static final String OPTIMIZER = "optimizer.";
    private static final String COUNTED_STEPS = "counted_steps";

    private final SafetensorsFile file;

    private TrainerCheckpoint(SafetensorsFile file) {
        this.file = file;
    }

    /** What is trained of a model of this shape: all weights, or what lies beside them. */
    record Weights(LlamaConfig config, FlatParameters parameters) {}

    static void write(
            Path target,
            Weights weights,
            SequencedMap<String, Tensor> state,
            Progress progress,
            long countedSteps,
            Map<String, String> notes) {
        List<TensorSpec> specs = new ArrayList<>();
        FlatParameters parameters = weights.parameters();
        for (Slot slot : parameters.layout().slots().values()) {
            specs.add(new TensorSpec(WEIGHTS + slot.name(), DType.F32, slot.shape()));
        }
        state.forEach((name, buffer) ->
                specs.add(TensorSpec.of(OPTIMIZER + name, DType.F32, buffer.numel())));
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put("format", FORMAT);
        metadata.put(
                "config",
                new String(
                        LlamaConfigFile.write(weights.config(), DType.F32),
                        StandardCharsets.UTF_8));
        metadata.put("steps", Long.toString(progress.steps()));
        metadata.put("sequences", Long.toString(progress.sequences()));
        metadata.put("tokens", Long.toString(progress.tokens()));
        metadata.put("schedule_tokens", Long.toString(progress.scheduleTokens()));
        metadata.putAll(notes);
        if (countedSteps > 0) {
            metadata.put(COUNTED_STEPS, Long.toString(countedSteps));
        }
        try (SafetensorsWriter writer = SafetensorsWriter.create(target, specs, metadata)) {
            for (Slot slot : parameters.layout().slots().values()) {
                copy(parameters.tensor(slot.name()), writer.data(WEIGHTS + slot.name()));
            }
            state.forEach((name, buffer) -> copy(buffer, writer.data(OPTIMIZER + name)));
            writer.commit();
        }
    }

    static TrainerCheckpoint open(Path path) {
        SafetensorsFile file;
        try {
            file = SafetensorsFile.open(path);
        } catch (WeightsException e) {
            throw new TrainingException(
                    Code.WRONG_CHECKPOINT, path + " is not a checkpoint: " + e.getMessage(), e);
        }
        TrainerCheckpoint checkpoint = new TrainerCheckpoint(file);
        if (!FORMAT.equals(file.metadata().get("format"))) {
            checkpoint.close();
            throw checkpoint.wrong(
                    "its format is %s, not %s".formatted(file.metadata().get("format"), FORMAT));
        }
        return checkpoint;
    }

    /** The model's shape, which the weights in this file have. */
    LlamaConfig config() {
        LlamaConfig config = LlamaConfigFile.parse(text("config").getBytes(StandardCharsets.UTF_8));
        ParameterLayout.of(config)
                .slots()
                .values()
                .forEach(slot -> data(WEIGHTS + slot.name(), slot.shape()));
        return config;
    }

    /** Refuses to go on with other things than it was written with. */
    void requireNotes(Map<String, String> notes) {
        notes.forEach((key, value) -> {
            if (!text(key).equals(value)) {
                throw wrong("it belongs to the %s %s, not to %s".formatted(key, text(key), value));
            }
        });
    }

    Progress progress() {
        return new Progress(
                number("steps"), number("sequences"), number("tokens"), number("schedule_tokens"));
    }

    /** Steps whose gradients were counted when it was written. */
    long countedSteps() {
        return file.metadata().containsKey(COUNTED_STEPS) ? number(COUNTED_STEPS) : 0;
    }

    /** Copies weights and optimiser state to where they live. */
    void restore(FlatParameters parameters, Map<String, Tensor> state) {
        for (Slot slot : parameters.layout().slots().values()) {
            copy(data(WEIGHTS + slot.name(), slot.shape()), parameters.tensor(slot.name()));
        }
        for (String name : file.tensors().keySet()) {
            if (name.startsWith(OPTIMIZER)
                    && !state.containsKey(name.substring(OPTIMIZER.length()))) {
                throw wrong(
                        "it has the optimiser state "
                                + name
                                + ", which this plan's optimiser has not");
            }
        }
        state.forEach(
                (name, buffer) -> copy(data(OPTIMIZER + name, List.of(buffer.numel())), buffer));
    }

    private static void copy(Tensor from, MemorySegment to) {
        TensorMemory.read(from, to::copyFrom);
    }

    private static void copy(MemorySegment from, Tensor to) {
        TensorMemory.change(to, memory -> memory.copyFrom(from));
    }

    /** Whether a buffer of this name is here. */
    boolean keeps(String name) {
        return file.tensors().containsKey(OPTIMIZER + name);
    }

    private MemorySegment data(String name, List<Long> shape) {
        TensorSpec spec = file.tensors().get(name);
        if (spec == null || spec.dtype() != DType.F32 || !spec.shape().equals(shape)) {
            throw wrong("tensor %s should be F32 %s but is %s".formatted(name, shape, spec));
        }
        return file.data(name);
    }

    private String text(String key) {
        String value = file.metadata().get(key);
        if (value == null) {
            throw wrong("its metadata lacks " + key);
        }
        return value;
    }

    private long number(String key) {
        try {
            long value = Long.parseLong(text(key));
            if (value >= 0) {
                return value;
            }
        } catch (NumberFormatException e) {
            // refused below, with the value
        }
        throw wrong("its metadata has %s = %s, not a count".formatted(key, text(key)));
    }

    private TrainingException wrong(String message) {
        return new TrainingException(
                Code.WRONG_CHECKPOINT, file.path() + " cannot be resumed from: " + message);
    }

    @Override
    public void close() {
        file.close();
    }
}
