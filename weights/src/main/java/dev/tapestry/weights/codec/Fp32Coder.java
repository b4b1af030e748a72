package dev.tapestry.weights.codec;

import dev.tapestry.weights.FloatConversion;
import java.lang.foreign.MemorySegment;

/** The numbers as they are, little-endian. */
record Fp32Coder(Kernels kernels) implements GroupCoder {

    @Override
    public int maxBytes(int count) {
        return count * Float.BYTES;
    }

    @Override
    public int encode(float[] values, int count, byte[] out) {
        MemorySegment.copy(
                values, 0, MemorySegment.ofArray(out), FloatConversion.FLOAT_LE, 0, count);
        return maxBytes(count);
    }

    @Override
    public void decode(GroupBytes in, int count, float[] values) {
        MemorySegment.copy(
                MemorySegment.ofArray(in.bytes()), FloatConversion.FLOAT_LE, 0, values, 0, count);
        in.requireFinite(kernels, values, count, Float.BYTES);
    }
}
