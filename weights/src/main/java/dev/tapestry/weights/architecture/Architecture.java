package dev.tapestry.weights.architecture;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;

/** A family of models, and in what its layers differ from those of others. */
public enum Architecture {
    /** Llama, SmolLM 1 and 2, and many others. */
    LLAMA("llama", "LlamaForCausalLM", NormPlacement.BEFORE, QueryKeyNorm.NONE, false),
    /** Llama's layers; attention may be limited to a sliding window. */
    MISTRAL("mistral", "MistralForCausalLM", NormPlacement.BEFORE, QueryKeyNorm.NONE, false),
    /** Qwen 2 and 2.5: queries, keys and values have a bias. */
    QWEN2("qwen2", "Qwen2ForCausalLM", NormPlacement.BEFORE, QueryKeyNorm.NONE, true),
    /** The dense Qwen 3: queries and keys are normalised head by head. */
    QWEN3("qwen3", "Qwen3ForCausalLM", NormPlacement.BEFORE, QueryKeyNorm.PER_HEAD, false),
    /** OLMo 2: norms stand behind attention and feed-forward, queries and keys are normalised. */
    OLMO2("olmo2", "Olmo2ForCausalLM", NormPlacement.AFTER, QueryKeyNorm.WHOLE, false);

    private final String modelType;
    private final String className;
    private final NormPlacement normPlacement;
    private final QueryKeyNorm queryKeyNorm;
    private final boolean queryKeyValueBias;

    Architecture(
            String modelType,
            String className,
            NormPlacement normPlacement,
            QueryKeyNorm queryKeyNorm,
            boolean queryKeyValueBias) {
        this.modelType = modelType;
        this.className = className;
        this.normPlacement = normPlacement;
        this.queryKeyNorm = queryKeyNorm;
        this.queryKeyValueBias = queryKeyValueBias;
    }

    /** The one that Hugging Face calls {@code modelType}. */
    static Optional<Architecture> named(String modelType) {
        return Arrays.stream(values()).filter(a -> a.modelType.equals(modelType)).findFirst();
    }

    /** The names of all, for a refusal. */
    static String names() {
        return Arrays.stream(values()).map(a -> a.modelType).collect(Collectors.joining(", "));
    }

    /** {@code model_type} of {@code config.json}. */
    public String modelType() {
        return modelType;
    }

    /** What {@code architectures} of {@code config.json} holds. */
    public String className() {
        return className;
    }

    /** Where the two norms of a layer stand. */
    public NormPlacement normPlacement() {
        return normPlacement;
    }

    /** What is done to queries and keys before they are turned. */
    public QueryKeyNorm queryKeyNorm() {
        return queryKeyNorm;
    }

    /** Whether b is added to the projections of queries, keys and values. */
    public boolean queryKeyValueBias() {
        return queryKeyValueBias;
    }

    /** Hugging Face's name, within a layer, of attention's norm. */
    public String attentionNorm() {
        return switch (normPlacement) {
            case BEFORE -> "input_layernorm";
            case AFTER -> "post_attention_layernorm";
        };
    }

    /** Hugging Face's name, within a layer, of the feed-forward network's norm. */
    public String feedForwardNorm() {
        return switch (normPlacement) {
            case BEFORE -> "post_attention_layernorm";
            case AFTER -> "post_feedforward_layernorm";
        };
    }

    /** ε of RMSNorm where {@code config.json} is silent. */
    public double usualEpsilon() {
        return this == OLMO2 ? 1e-5 : 1e-6;
    }
}
