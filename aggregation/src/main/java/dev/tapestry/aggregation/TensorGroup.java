package dev.tapestry.aggregation;

/**
 * Kinds of tensors of a transformer, which learn at different paces; statistics are kept by kind.
 */
public enum TensorGroup {
    /** {@code embed_tokens}. */
    EMBEDDING(0),
    /** {@code self_attn} and what its name holds. */
    ATTENTION(1),
    /** {@code mlp} and what its name holds. */
    MLP(2),
    /** Other names with {@code norm}. */
    NORM(3),
    /** {@code lm_head}. */
    HEAD(4),
    /** Anything else. */
    OTHER(5);

    private final int index;

    TensorGroup(int index) {
        this.index = index;
    }

    /** Its place among all, from 0. */
    int index() {
        return index;
    }

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
