package dev.tapestry.weights.gguf;

import dev.tapestry.weights.WeightsException;
import dev.tapestry.weights.WeightsException.Code;
import dev.tapestry.weights.architecture.RopeScaling;
import dev.tapestry.weights.architecture.Variant;
import java.nio.file.Path;
import java.util.OptionalInt;
import tools.jackson.databind.JsonNode;

/**
 * What {@code config.json} says of a model of the Llama family.
 *
 * @param vocabulary rows of the embedding
 * @param width of the hidden state
 * @param feedForwardWidth of the inner layer of the feed-forward network
 * @param heads of queries
 * @param keyValueHeads a divisor of {@code heads}
 * @param headWidth an even number
 * @param contextTokens longest sequence that a reader computes as the model does: readers know
 *     nothing of a sliding window, so where there is one, as many as it has
 * @param beginToken id of the token before a text, if there is one
 * @param endToken id of the token behind a text, if there is one
 * @param variant what it computes beyond its sizes
 */
record LlamaSettings(
        int vocabulary,
        int width,
        int feedForwardWidth,
        int layers,
        int heads,
        int keyValueHeads,
        int headWidth,
        int contextTokens,
        float normEpsilon,
        float ropeTheta,
        boolean tiedEmbeddings,
        OptionalInt beginToken,
        OptionalInt endToken,
        Variant variant) {

    /** Reads and checks {@code config.json}; names precisely what cannot be exported. */
    static LlamaSettings read(Path config) {
        JsonNode json = JsonFile.read(config);
        Variant variant = variant(config, json);
        int width = positive(config, json, "hidden_size", 0);
        int heads = positive(config, json, "num_attention_heads", 0);
        LlamaSettings settings =
                new LlamaSettings(
                        positive(config, json, "vocab_size", 0),
                        width,
                        positive(config, json, "intermediate_size", 0),
                        positive(config, json, "num_hidden_layers", 0),
                        heads,
                        positive(config, json, "num_key_value_heads", heads),
                        positive(config, json, "head_dim", width / heads),
                        variant.window(positive(config, json, "max_position_embeddings", 2048)),
                        (float)
                                json.path("rms_norm_eps")
                                        .asDouble(variant.architecture().usualEpsilon()),
                        (float) Variant.ropeTheta(json).asDouble(10000),
                        json.path("tie_word_embeddings").asBoolean(false),
                        token(json, "bos_token_id"),
                        token(json, "eos_token_id"),
                        variant);
        require(config, heads % settings.keyValueHeads == 0, "num_key_value_heads");
        require(config, settings.headWidth % 2 == 0, "odd head_dim");
        return settings;
    }

    private static Variant variant(Path config, JsonNode json) {
        Variant variant;
        try {
            variant = Variant.read(json);
        } catch (WeightsException e) {
            throw new WeightsException(e.code(), config + ": " + e.getMessage(), e);
        }
        GgufFamily family = GgufFamily.of(variant.architecture());
        require(
                config,
                family.knowsFrequencyFactors()
                        || !(variant.ropeScaling() instanceof RopeScaling.Llama3),
                "rope_type llama3 of a " + family.word());
        return variant;
    }

    /** What readers call its family. */
    GgufFamily family() {
        return GgufFamily.of(variant.architecture());
    }

    private static int positive(Path config, JsonNode json, String key, int otherwise) {
        JsonNode value = json.path(key);
        boolean absent = value.isMissingNode() || value.isNull();
        int number = absent ? otherwise : value.isInt() ? value.intValue() : 0;
        if (number < 1) {
            throw new WeightsException(
                    Code.UNSUPPORTED, config + ": " + key + " must be a positive integer");
        }
        return number;
    }

    /** One id, or the first of several. */
    private static OptionalInt token(JsonNode json, String key) {
        JsonNode value = json.path(key).isArray() ? json.path(key).path(0) : json.path(key);
        return value.isInt() ? OptionalInt.of(value.intValue()) : OptionalInt.empty();
    }

    private static void require(Path config, boolean supported, String what) {
        if (!supported) {
            throw new WeightsException(
                    Code.UNSUPPORTED, config + ": the export does not know this " + what);
        }
    }
}
