package dev.tapestry.training;

import dev.tapestry.training.ParameterLayout.Slot;
import dev.tapestry.training.TrainingException.Code;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.FloatConversion;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.SafetensorsFile;
import dev.tapestry.weights.SafetensorsWriter;
import dev.tapestry.weights.TensorSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * A LoRA adapter on disk, as PEFT writes and reads it: {@code adapter_config.json} and {@code
 * adapter_model.safetensors}.
 *
 * @param path the directory
 * @param plan what the configuration says
 */
public record LoraAdapter(Path path, LoraPlan plan) {

    /** The file with the settings. */
    public static final String CONFIG = "adapter_config.json";

    /** The file with A and B of each matrix. */
    public static final String WEIGHTS = "adapter_model.safetensors";

    private static final long MAX_CONFIG_BYTES = 1 << 20;
    private static final JsonMapper JSON = JsonMapper.builder().build();

    static void write(LoraWeights weights, String base, Path target) {
        FlatParameters parameters = weights.parameters();
        List<TensorSpec> specs =
                parameters.layout().slots().values().stream()
                        .map(slot -> new TensorSpec(slot.name(), DType.F32, slot.shape()))
                        .toList();
        try {
            Files.createDirectories(target);
            try (SafetensorsWriter writer =
                    SafetensorsWriter.create(
                            target.resolve(WEIGHTS), specs, Map.of("format", "pt"))) {
                for (Slot slot : parameters.layout().slots().values()) {
                    TensorMemory.read(
                            parameters.tensor(slot.name()), writer.data(slot.name())::copyFrom);
                }
                writer.commit();
            }
            Path part = target.resolve("." + CONFIG + ".part");
            Files.write(part, config(weights.plan(), base));
            Files.move(
                    part,
                    target.resolve(CONFIG),
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new TrainingException(Code.IO, "cannot write " + target + ": " + e, e);
        }
    }

    private static byte[] config(LoraPlan plan, String base) {
        ObjectNode json = JSON.createObjectNode();
        json.put("base_model_name_or_path", base);
        json.put("bias", "none");
        json.put("fan_in_fan_out", false);
        json.put("inference_mode", true);
        json.put("init_lora_weights", true);
        json.put("lora_alpha", plan.alpha());
        json.put("lora_dropout", 0.0);
        json.putNull("modules_to_save");
        json.put("peft_type", "LORA");
        json.put("r", plan.rank());
        plan.targets().forEach(json.putArray("target_modules")::add);
        json.put("task_type", "CAUSAL_LM");
        json.put("use_dora", false);
        json.put("use_rslora", false);
        return JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(json);
    }

    /**
     * Reads the settings of an adapter.
     *
     * @throws TrainingException {@code MALFORMED_CONFIG}, or {@code UNSUPPORTED_MODEL} for another
     *     kind than plain LoRA on the projections
     */
    public static LoraAdapter open(Path directory) {
        Path file = directory.resolve(CONFIG);
        try {
            if (Files.size(file) > MAX_CONFIG_BYTES) {
                throw malformed(file, "is larger than 1 MiB");
            }
            return new LoraAdapter(directory, plan(file, JSON.readTree(Files.readAllBytes(file))));
        } catch (JacksonException e) {
            throw malformed(file, "is not JSON: " + e.getOriginalMessage());
        } catch (IOException e) {
            throw new TrainingException(Code.IO, "cannot read " + file + ": " + e, e);
        }
    }

    private static LoraPlan plan(Path file, JsonNode json) {
        require(file, json, "peft_type", "LORA", "");
        require(file, json, "bias", "none", "none");
        for (String key : List.of("use_dora", "use_rslora", "fan_in_fan_out", "lora_bias")) {
            require(file, json, key, "false", "false");
        }
        for (String key :
                List.of(
                        "modules_to_save",
                        "layers_to_transform",
                        "rank_pattern",
                        "alpha_pattern")) {
            JsonNode value = json.path(key);
            if (!value.isMissingNode() && !value.isNull() && !value.isEmpty()) {
                throw unsupported(file, key, value.toString(), "none");
            }
        }
        JsonNode targets = json.path("target_modules");
        JsonNode rank = json.path("r");
        JsonNode alpha = json.path("lora_alpha");
        if (!targets.isArray() || !rank.isInt() || !alpha.isNumber()) {
            throw malformed(file, "has no list target_modules, integer r and number lora_alpha");
        }
        TreeSet<String> names = new TreeSet<>();
        targets.forEach(name -> names.add(name.asString("?")));
        try {
            return new LoraPlan(rank.intValue(), alpha.doubleValue(), names);
        } catch (TrainingException e) {
            throw new TrainingException(Code.UNSUPPORTED_MODEL, file + ": " + e.getMessage(), e);
        }
    }

    private static void require(
            Path file, JsonNode json, String key, String wanted, String missing) {
        JsonNode value = json.path(key);
        String said = value.isMissingNode() || value.isNull() ? missing : value.asString("?");
        if (!said.equals(wanted)) {
            throw unsupported(file, key, said, wanted);
        }
    }

    /**
     * Writes {@code base} with this adapter in its weights: the same dtypes, shards and files
     * beside them.
     *
     * @param target does not exist yet, or is empty
     * @throws TrainingException {@code WRONG_TENSORS} if the adapter is of another model
     */
    public void mergeInto(ModelDirectory base, Path target) {
        Libtorch.does(
                "merging " + path,
                () -> {
                    try (Llama model = Llama.load(base)) {
                        mergeInto(model);
                        model.saveLike(base, target);
                    }
                    return target;
                });
    }

    /** The same in memory. */
    void mergeInto(Llama model) {
        try (FlatParameters numbers = LoraWeights.beside(plan, model)) {
            read(numbers);
            LoraWeights.add(plan, numbers, model);
        }
    }

    /** Takes over the numbers of the file. */
    void read(FlatParameters parameters) {
        try (SafetensorsFile file = SafetensorsFile.open(path.resolve(WEIGHTS))) {
            for (String name : file.tensors().keySet()) {
                if (!parameters.layout().slots().containsKey(name)) {
                    throw wrong("tensor " + name + " belongs to nothing that " + CONFIG + " names");
                }
            }
            for (Slot slot : parameters.layout().slots().values()) {
                TensorSpec spec = file.tensors().get(slot.name());
                if (spec == null || !spec.shape().equals(slot.shape())) {
                    throw wrong(
                            "tensor %s should have shape %s but is %s: it is of another model"
                                    .formatted(slot.name(), slot.shape(), spec));
                }
                TensorMemory.change(
                        parameters.tensor(slot.name()),
                        numbers ->
                                FloatConversion.widen(
                                        spec.dtype(), file.data(slot.name()), numbers));
            }
        }
    }

    private TrainingException wrong(String message) {
        return new TrainingException(Code.WRONG_TENSORS, path.resolve(WEIGHTS) + ": " + message);
    }

    private static TrainingException malformed(Path file, String message) {
        return new TrainingException(Code.MALFORMED_CONFIG, file + " " + message);
    }

    private static TrainingException unsupported(
            Path file, String key, String value, String wanted) {
        return new TrainingException(
                Code.UNSUPPORTED_MODEL,
                "%s: %s is %s; this engine knows only %s".formatted(file, key, value, wanted));
    }
}
