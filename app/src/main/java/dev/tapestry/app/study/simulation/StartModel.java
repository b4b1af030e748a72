package dev.tapestry.app.study.simulation;

import dev.tapestry.training.Llama;
import dev.tapestry.training.LlamaConfig;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.ModelConversion;
import dev.tapestry.weights.ModelDirectory;
import java.nio.file.Path;

/** The model with which a simulated consortium begins. Its tokenizer is the open base's. */
public sealed interface StartModel {

    /** The open base in the repository, of a million parameters: continued pre-training. */
    record Adopted() implements StartModel {
        @Override
        public void write(Path adopted, Path target, int vocabulary, long seed) {
            try (ModelDirectory base = ModelDirectory.open(adopted)) {
                ModelConversion.convert(base, target, DType.F32, Long.MAX_VALUE);
            }
        }
    }

    /**
     * Random weights of a Llama with this shape, its embedding tied.
     *
     * @param hiddenSize a multiple of twice the heads
     * @param intermediateSize of the feed-forward blocks
     * @param layers how many blocks
     * @param heads of attention
     * @param positions the longest sequence, at least 128
     */
    record Scratch(int hiddenSize, int intermediateSize, int layers, int heads, int positions)
            implements StartModel {
        @Override
        public void write(Path adopted, Path target, int vocabulary, long seed) {
            LlamaConfig config =
                    LlamaConfig.small(
                            vocabulary,
                            hiddenSize,
                            intermediateSize,
                            layers,
                            heads,
                            heads,
                            positions);
            try (Llama fresh = Llama.fresh(config, seed)) {
                fresh.saveTo(target, DType.F32);
            }
        }
    }

    /**
     * Writes the model, all F32.
     *
     * @param adopted the open base's directory
     * @param vocabulary of its tokenizer
     * @param seed of random weights
     */
    void write(Path adopted, Path target, int vocabulary, long seed);
}
