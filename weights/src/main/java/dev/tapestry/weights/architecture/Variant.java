package dev.tapestry.weights.architecture;

import dev.tapestry.weights.WeightsException;
import java.util.OptionalInt;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What a model computes beyond its sizes.
 *
 * @param architecture its family
 * @param ropeScaling how its rotary frequencies are changed
 * @param slidingWindow how many positions a query looks at, its own included; all before it, if
 *     there is none
 */
public record Variant(
        Architecture architecture, RopeScaling ropeScaling, OptionalInt slidingWindow) {

    public Variant {
        if (slidingWindow.isPresent() && slidingWindow.getAsInt() < 1) {
            throw new IllegalArgumentException("sliding_window is " + slidingWindow.getAsInt());
        }
    }

    /** A family's plainest model. */
    public static Variant of(Architecture architecture) {
        return new Variant(architecture, new RopeScaling.None(), OptionalInt.empty());
    }

    /**
     * Reads it.
     *
     * @param config the object in {@code config.json}
     * @throws WeightsException {@code UNSUPPORTED} for a key whose value changes the computation in
     *     a way that nothing here knows
     */
    public static Variant read(JsonNode config) {
        return new VariantReader(config).read();
    }

    /** The base θ of the rotary frequencies, which newer files keep elsewhere. */
    public static JsonNode ropeTheta(JsonNode config) {
        JsonNode newer = config.path("rope_parameters").path("rope_theta");
        return newer.isMissingNode() ? config.path("rope_theta") : newer;
    }

    /** Writes what {@link #read} reads. */
    public void writeTo(ObjectNode config) {
        config.putArray("architectures").add(architecture.className());
        config.put("model_type", architecture.modelType());
        switch (ropeScaling) {
            case RopeScaling.None() -> config.putNull("rope_scaling");
            case RopeScaling.Linear(double factor) ->
                    config.putObject("rope_scaling")
                            .put("factor", factor)
                            .put("rope_type", "linear");
            case RopeScaling.Llama3(double factor, double low, double high, int first) ->
                    config.putObject("rope_scaling")
                            .put("factor", factor)
                            .put("high_freq_factor", high)
                            .put("low_freq_factor", low)
                            .put("original_max_position_embeddings", first)
                            .put("rope_type", "llama3");
        }
        switch (architecture) {
            case MISTRAL -> {
                if (slidingWindow.isPresent()) {
                    config.put("sliding_window", slidingWindow.getAsInt());
                } else {
                    config.putNull("sliding_window"); // else readers take 4096
                }
            }
            case QWEN2, QWEN3 -> config.put("use_sliding_window", false);
            case LLAMA, OLMO2 -> {}
        }
    }

    /** How many positions a query looks at in sequences of at most this length. */
    public int window(int longest) {
        return Math.min(longest, slidingWindow.orElse(longest));
    }
}
