package dev.tapestry.training;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The number format of matrix products. Weights, norms, softmax, loss and optimiser state are
 * always fp32.
 */
public enum Precision {
    /** Everything in fp32. */
    FP32,
    /** Matrix products on operands rounded to bf16. */
    BF16,
    /** {@link #BF16} where the processor multiplies bf16 in hardware, else {@link #FP32}. */
    AUTO;

    private static final boolean BF16_HARDWARE = bf16Hardware();

    /** Never {@link #AUTO}: what this machine does. */
    public Precision resolved() {
        return switch (this) {
            case FP32, BF16 -> this;
            case AUTO -> BF16_HARDWARE ? BF16 : FP32;
        };
    }

    private static boolean bf16Hardware() {
        try {
            String flags = Files.readString(Path.of("/proc/cpuinfo"));
            return flags.contains("avx512_bf16") || flags.contains("amx_bf16");
        } catch (IOException e) {
            return false; // not Linux: the plain format is always right
        }
    }
}
