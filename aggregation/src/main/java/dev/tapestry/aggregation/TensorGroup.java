package dev.tapestry.aggregation;

/**
 * Kinds of tensors of a transformer, which learn at different paces; statistics are kept by kind.
 */
public enum TensorGroup {
    /** {@code embed_tokens}. */
    EMBEDDING,
    /** {@code self_attn} and what its name holds. */
    ATTENTION,
    /** {@code mlp} and what its name holds. */
    MLP,
    /** Other names with {@code norm}. */
    NORM,
    /** {@code lm_head}. */
    HEAD,
    /** Anything else. */
    OTHER;

    /** The group of a tensor by its name in Hugging Face's Llama layout. */
    static TensorGroup of(String tensor) {
        if (tensor.contains("embed_tokens")) {
            return EMBEDDING;
        } else if (tensor.contains("lm_head")) {
            return HEAD;
        } else if (tensor.contains("self_attn")) {
            return ATTENTION;
        } else if (tensor.contains("mlp")) {
            return MLP;
        }
        return tensor.contains("norm") ? NORM : OTHER;
    }
}
