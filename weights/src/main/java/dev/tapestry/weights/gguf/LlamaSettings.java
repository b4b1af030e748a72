package dev.tapestry.weights.gguf;

import dev.tapestry.weights.WeightsException;
import dev.tapestry.weights.WeightsException.Code;
import java.nio.file.Path;
import java.util.OptionalInt;
import tools.jackson.databind.JsonNode;

/**
 * What {@code config.json} says of a Llama.
 *
 * @param vocabulary rows of the embedding
 * @param width of the hidden state
 * @param feedForwardWidth of the inner layer of the feed-forward network
 * @param heads of queries
 * @param keyValueHeads a divisor of {@code heads}
 * @param headWidth an even number
 * @param contextTokens longest sequence
 * @param beginToken id of the token before a text, if there is one
 * @param endToken id of the token behind a text, if there is one
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
        OptionalInt endToken) {

    /** Reads and checks {@code config.json}; names precisely what cannot be exported. */
    static LlamaSettings read(Path config) {
        JsonNode json = JsonFile.read(config);
        require(config, json.path("model_type").asString("llama").equals("llama"), "model_type");
        require(config, json.path("hidden_act").asString("silu").equals("silu"), "hidden_act");
        for (String bias : new String[] {"attention_bias", "mlp_bias"}) {
            require(config, !json.path(bias).asBoolean(false), bias);
        }
        JsonNode rope = json.path("rope_parameters");
        for (JsonNode scaling : new JsonNode[] {json.path("rope_scaling"), rope}) {
            String type =
                    scaling.path("rope_type").asString(scaling.path("type").asString("default"));
            require(config, type.equals("default"), "rope scaling '" + type + "'");
        }
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
                        positive(config, json, "max_position_embeddings", 2048),
                        (float) json.path("rms_norm_eps").asDouble(1e-6),
                        (float)
                                json.path("rope_theta")
                                        .asDouble(rope.path("rope_theta").asDouble(10000)),
                        json.path("tie_word_embeddings").asBoolean(false),
                        token(json, "bos_token_id"),
                        token(json, "eos_token_id"));
        require(config, heads % settings.keyValueHeads == 0, "num_key_value_heads");
        require(config, settings.headWidth % 2 == 0, "odd head_dim");
        return settings;
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
