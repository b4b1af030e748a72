package dev.tapestry.weights.architecture;

import dev.tapestry.weights.WeightsException;
import dev.tapestry.weights.WeightsException.Code;
import java.util.OptionalInt;
import tools.jackson.databind.JsonNode;

/**
 * Reads a {@link Variant}. Keys that change the computation in a way that is not known are refused
 * by name and value; keys that change nothing are passed over.
 */
final class VariantReader {

    /** Mistral's first model had a window, and readers take it where the file is silent. */
    private static final int MISTRAL_WINDOW = 4096;

    private final JsonNode config;

    VariantReader(JsonNode config) {
        this.config = config;
    }

    Variant read() {
        String type = text(config, "model_type", "none");
        Architecture architecture =
                Architecture.named(type)
                        .orElseThrow(() -> unsupported("model_type", type, Architecture.names()));
        only(config, "hidden_act", "silu");
        for (String key :
                new String[] {
                    "attention_bias", "mlp_bias", "use_sliding_window", "rope_interleaved"
                }) {
            only(config, key, "false");
        }
        only(config, "clip_qkv", "null");
        only(config, "quantization_config", "null: take weights that are not quantised");
        for (JsonNode layer : config.path("layer_types")) {
            if (!layer.asString("").equals("full_attention")) {
                throw unsupported("layer_types", layer.toString(), "full_attention");
            }
        }
        try {
            return new Variant(architecture, ropeScaling(), slidingWindow(architecture));
        } catch (IllegalArgumentException e) {
            throw new WeightsException(Code.UNSUPPORTED, "config.json: " + e.getMessage(), e);
        }
    }

    private OptionalInt slidingWindow(Architecture architecture) {
        return switch (architecture) {
            case MISTRAL -> {
                JsonNode window = config.path("sliding_window");
                if (window.isMissingNode()) {
                    yield OptionalInt.of(MISTRAL_WINDOW);
                }
                if (window.isNull()) {
                    yield OptionalInt.empty();
                }
                if (!window.isInt()) {
                    throw unsupported("sliding_window", window.toString(), "a number of positions");
                }
                yield OptionalInt.of(window.intValue());
            }
            case LLAMA, QWEN2, QWEN3, OLMO2 -> OptionalInt.empty();
        };
    }

    private RopeScaling ropeScaling() {
        onlyOne(config);
        JsonNode newer = config.path("rope_parameters");
        for (JsonNode part : newer) {
            if (part.isObject()) {
                throw unsupported("rope_parameters", newer.toString(), "one for all layers");
            }
        }
        onlyOne(newer);
        JsonNode older = config.path("rope_scaling");
        if (older.isValueNode() && !older.isNull()) {
            throw unsupported("rope_scaling", older.toString(), "null, or an object");
        }
        JsonNode rope = older.isObject() ? older : newer;
        String type = text(rope, "rope_type", text(rope, "type", "default"));
        if (!rope.has("rope_type") && !rope.has("type") && rope.has("factor")) {
            throw unsupported("rope_scaling", rope.toString(), "one with its rope_type");
        }
        return switch (type) {
            case "default" -> new RopeScaling.None();
            case "linear" -> new RopeScaling.Linear(number(rope, "factor"));
            case "llama3" ->
                    new RopeScaling.Llama3(
                            number(rope, "factor"),
                            number(rope, "low_freq_factor"),
                            number(rope, "high_freq_factor"),
                            (int) number(rope, "original_max_position_embeddings"));
            default -> throw unsupported("rope_type", type, "default, linear, llama3");
        };
    }

    /** A part of each head that is not turned. */
    private static void onlyOne(JsonNode object) {
        JsonNode factor = object.path("partial_rotary_factor");
        if (factor.isNumber() && factor.doubleValue() != 1) {
            throw unsupported("partial_rotary_factor", factor.toString(), "1");
        }
    }

    private static void only(JsonNode object, String key, String wanted) {
        JsonNode value = object.path(key);
        boolean given = !value.isMissingNode() && !value.isNull();
        if (given && !text(object, key, wanted).equals(wanted)) {
            throw unsupported(key, text(object, key, wanted), wanted);
        }
    }

    private static String text(JsonNode object, String key, String missing) {
        JsonNode value = object.path(key);
        if (value.isMissingNode() || value.isNull()) {
            return missing;
        }
        return value.isString() ? value.stringValue() : value.toString();
    }

    private static double number(JsonNode rope, String key) {
        if (!rope.path(key).isNumber()) {
            throw unsupported(key, rope.path(key).toString(), "a number here");
        }
        return rope.path(key).doubleValue();
    }

    private static WeightsException unsupported(String key, String value, String wanted) {
        return new WeightsException(
                Code.UNSUPPORTED,
                "config.json: %s is %s; this engine computes only %s"
                        .formatted(key, value, wanted));
    }
}
