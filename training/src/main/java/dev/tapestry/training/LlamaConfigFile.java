package dev.tapestry.training;

import dev.tapestry.training.TrainingException.Code;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.WeightsException;
import dev.tapestry.weights.architecture.Architecture;
import dev.tapestry.weights.architecture.Variant;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.cfg.JsonNodeFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Hugging Face's {@code config.json} of a model of the Llama family: its sizes, and by {@link
 * Variant} what it computes.
 */
final class LlamaConfigFile {

    /** By name, so that the same shape gives the same bytes whoever adds a key. */
    private static final ObjectMapper JSON =
            JsonMapper.builder().enable(JsonNodeFeature.WRITE_PROPERTIES_SORTED).build();

    private static final int MAX_BYTES = 1 << 20;

    private LlamaConfigFile() {}

    static LlamaConfig read(Path file) {
        try {
            if (Files.size(file) > MAX_BYTES) {
                throw malformed("is larger than 1 MiB");
            }
            return parse(Files.readAllBytes(file));
        } catch (IOException e) {
            throw new TrainingException(Code.IO, "cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    static LlamaConfig parse(byte[] content) {
        JsonNode json;
        try {
            json = JSON.readTree(content);
        } catch (JacksonException e) {
            throw new TrainingException(
                    Code.MALFORMED_CONFIG, "config.json is not JSON: " + e.getOriginalMessage(), e);
        }
        if (!json.isObject()) {
            throw malformed("is not a JSON object");
        }
        Variant variant = variant(json);
        int heads = integer(json, "num_attention_heads", null);
        int width = integer(json, "hidden_size", null);
        return new LlamaConfig(
                integer(json, "vocab_size", null),
                width,
                integer(json, "intermediate_size", null),
                integer(json, "num_hidden_layers", null),
                heads,
                integer(json, "num_key_value_heads", heads),
                headSize(json, variant.architecture(), width, heads),
                integer(json, "max_position_embeddings", 2048),
                theta(json),
                number(json, "rms_norm_eps", variant.architecture().usualEpsilon()),
                flag(json, "tie_word_embeddings"),
                number(json, "initializer_range", 0.02),
                token(json, "bos_token_id"),
                token(json, "eos_token_id"),
                variant);
    }

    private static Variant variant(JsonNode json) {
        try {
            return Variant.read(json);
        } catch (WeightsException e) {
            throw new TrainingException(Code.UNSUPPORTED_MODEL, String.valueOf(e.getMessage()), e);
        }
    }

    private static double theta(JsonNode json) {
        JsonNode theta = Variant.ropeTheta(json);
        if (!theta.isMissingNode() && !theta.isNull() && !theta.isNumber()) {
            throw malformed("rope_theta is " + theta + ", not a number");
        }
        return theta.asDouble(10_000);
    }

    /** Of one head; Qwen 3 does not derive it from the width. */
    private static int headSize(JsonNode json, Architecture architecture, int width, int heads) {
        return switch (architecture) {
            case LLAMA, MISTRAL, QWEN2, OLMO2 ->
                    integer(json, "head_dim", width / Math.max(1, heads));
            case QWEN3 -> integer(json, "head_dim", null);
        };
    }

    /** The file for this shape, with weights of {@code dtype}. */
    static byte[] write(LlamaConfig config, DType dtype) {
        ObjectNode json = JSON.createObjectNode();
        config.variant().writeTo(json);
        json.put("attention_bias", false);
        json.put("attention_dropout", 0.0);
        putToken(json, "bos_token_id", config.beginToken());
        putToken(json, "eos_token_id", config.endToken());
        json.put("head_dim", config.headSize());
        json.put("hidden_act", "silu");
        json.put("hidden_size", config.hiddenSize());
        json.put("initializer_range", config.initializerRange());
        json.put("intermediate_size", config.intermediateSize());
        json.put("max_position_embeddings", config.maxPositions());
        json.put("mlp_bias", false);
        json.put("num_attention_heads", config.attentionHeads());
        json.put("num_hidden_layers", config.layers());
        json.put("num_key_value_heads", config.keyValueHeads());
        json.put("pretraining_tp", 1);
        json.put("rms_norm_eps", config.rmsNormEpsilon());
        json.put("rope_theta", config.ropeTheta());
        json.put("tie_word_embeddings", config.tiedEmbeddings());
        json.put(
                "torch_dtype",
                switch (dtype) {
                    case F32 -> "float32";
                    case BF16 -> "bfloat16";
                    case F16 -> "float16";
                    case U8 -> throw new IllegalArgumentException("no weights are U8");
                });
        json.put("use_cache", true);
        json.put("vocab_size", config.vocabularySize());
        return JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(json);
    }

    private static void putToken(ObjectNode json, String key, OptionalInt id) {
        if (id.isPresent()) {
            json.put(key, id.getAsInt());
        } else {
            json.putNull(key);
        }
    }

    private static boolean present(JsonNode json, String key) {
        JsonNode value = json.get(key);
        return value != null && !value.isNull();
    }

    private static boolean flag(JsonNode json, String key) {
        if (!present(json, key)) {
            return false;
        }
        if (!json.get(key).isBoolean()) {
            throw malformed(key + " is " + json.get(key) + ", not true or false");
        }
        return json.get(key).asBoolean();
    }

    private static int integer(JsonNode json, String key, @Nullable Integer missing) {
        if (!present(json, key)) {
            if (missing == null) {
                throw malformed("lacks " + key);
            }
            return missing;
        }
        JsonNode value = json.get(key);
        if (!value.isIntegralNumber() || !value.canConvertToInt()) {
            throw malformed(key + " is " + value + ", not a 32-bit integer");
        }
        return value.asInt();
    }

    private static double number(JsonNode json, String key, double missing) {
        if (!present(json, key)) {
            return missing;
        }
        if (!json.get(key).isNumber()) {
            throw malformed(key + " is " + json.get(key) + ", not a number");
        }
        return json.get(key).asDouble();
    }

    /** A token id; of a list of ids (several ends of text) the first. */
    private static OptionalInt token(JsonNode json, String key) {
        JsonNode value = json.get(key);
        if (value != null && value.isArray() && !value.isEmpty()) {
            value = value.get(0);
        }
        return value != null && value.isIntegralNumber() && value.asInt() >= 0
                ? OptionalInt.of(value.asInt())
                : OptionalInt.empty();
    }

    private static TrainingException malformed(String message) {
        return new TrainingException(Code.MALFORMED_CONFIG, "config.json: " + message);
    }
}
