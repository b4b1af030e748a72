package dev.tapestry.weights.gguf;

import java.lang.foreign.MemorySegment;

/** Blocks of 32 numbers with one scale, rounded as the format's own writer rounds. */
final class SmallBlocks {

    private static final int ELEMENTS = 32;

    private SmallBlocks() {}

    /** d = max|x| / 127; q = x / d rounded to the nearest, halves away from zero. */
    static void eightBits(float[] x, MemorySegment block) {
        float largest = 0;
        for (float value : x) {
            largest = Math.max(largest, Math.abs(value));
        }
        float scale = largest / 127;
        TensorFormat.putHalf(block, 0, scale);
        float inverse = TensorFormat.half(scale) == 0 ? 0 : 1 / scale;
        for (int i = 0; i < ELEMENTS; i++) {
            double scaled = x[i] * inverse;
            TensorFormat.putByte(block, 2 + i, (byte) (scaled + Math.copySign(0.5, scaled)));
        }
    }

    /**
     * d = x̂ / −8 for the x̂ that is largest without its sign, so that x̂ itself is q = 0; q = x /
     * d + 8 rounded, at most 15. Numbers i and i + 16 share a byte.
     */
    static void fourBits(float[] x, MemorySegment block) {
        float largest = 0;
        for (float value : x) {
            // A NaN is taken and kept, so that the scale is refused.
            if (Float.isNaN(value) || Math.abs(value) > Math.abs(largest)) {
                largest = value;
            }
        }
        float scale = largest / -8;
        TensorFormat.putHalf(block, 0, scale);
        float inverse = TensorFormat.half(scale) == 0 ? 0 : 1 / scale;
        for (int i = 0; i < ELEMENTS / 2; i++) {
            int low = nibble(x[i] * inverse);
            int high = nibble(x[i + ELEMENTS / 2] * inverse);
            TensorFormat.putByte(block, 2 + i, low | high << 4);
        }
    }

    private static int nibble(float scaled) {
        return Math.min(15, (int) (scaled + 8.5f));
    }
}
