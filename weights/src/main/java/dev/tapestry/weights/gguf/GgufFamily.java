package dev.tapestry.weights.gguf;

import dev.tapestry.weights.architecture.Architecture;

/** What readers of GGUF call a family of models, and how they lay its heads out. */
enum GgufFamily {
    LLAMA("llama", true),
    QWEN2("qwen2", false),
    QWEN3("qwen3", false),
    OLMO2("olmo2", false);

    private final String word;
    private final boolean neighboursTurn;

    GgufFamily(String word, boolean neighboursTurn) {
        this.word = word;
        this.neighboursTurn = neighboursTurn;
    }

    static GgufFamily of(Architecture architecture) {
        return switch (architecture) {
            case LLAMA, MISTRAL -> LLAMA;
            case QWEN2 -> QWEN2;
            case QWEN3 -> QWEN3;
            case OLMO2 -> OLMO2;
        };
    }

    /** {@code general.architecture}, and what its keys begin with. */
    String word() {
        return word;
    }

    /** Heads whose rows change their order: all, where rotary positions turn neighbours. */
    int rotaryHeads(int heads) {
        return neighboursTurn ? heads : 0;
    }

    /** Whether readers know factors of single rotary frequencies for it. */
    boolean knowsFrequencyFactors() {
        return this == LLAMA;
    }

    /** Whether an output matrix must be in the file although it is the embedding. */
    boolean needsOutput() {
        return this == OLMO2;
    }
}
