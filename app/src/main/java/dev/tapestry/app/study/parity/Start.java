package dev.tapestry.app.study.parity;

import dev.tapestry.training.Llama;
import dev.tapestry.training.LlamaConfig;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.ModelConversion;
import dev.tapestry.weights.ModelDirectory;
import java.nio.file.Path;

/** Where training begins. */
public enum Start {
    /** The open base in the repository: the consortium's real case, continued pre-training. */
    ADOPTED,
    /** Random weights of the same architecture and tokenizer: the hard case. */
    SCRATCH;

    /**
     * Writes the start with F32 weights.
     *
     * @param adopted the open base's directory
     * @param config the shape of random weights
     * @param seed of random weights
     */
    void write(Path adopted, LlamaConfig config, Path target, long seed) {
        switch (this) {
            case ADOPTED -> {
                try (ModelDirectory base = ModelDirectory.open(adopted)) {
                    ModelConversion.convert(base, target, DType.F32, Long.MAX_VALUE);
                }
            }
            case SCRATCH -> {
                try (Llama fresh = Llama.fresh(config, seed)) {
                    fresh.saveTo(target, DType.F32);
                }
            }
        }
    }
}
