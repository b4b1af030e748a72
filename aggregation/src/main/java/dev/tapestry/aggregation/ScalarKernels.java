package dev.tapestry.aggregation;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** One element after another: the meaning of {@link VectorKernels}, and its stand-in. */
final class ScalarKernels implements Kernels {

    static final ValueLayout.OfFloat F32 =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfShort BF16 =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    @Override
    public void subtract(
            MemorySegment base,
            long baseOffset,
            MemorySegment member,
            long memberOffset,
            float[] update,
            int count) {
        for (int i = 0; i < count; i++) {
            long at = (long) i * Float.BYTES;
            update[i] = base.get(F32, baseOffset + at) - member.get(F32, memberOffset + at);
        }
    }

    @Override
    public double accumulate(
            MemorySegment base,
            long baseOffset,
            MemorySegment member,
            long memberOffset,
            float factor,
            float[] update,
            float[] sum,
            int count) {
        subtract(base, baseOffset, member, memberOffset, update, count);
        addScaled(sum, factor, update, count);
        return dot(update, update, count);
    }

    @Override
    public void widen(MemorySegment bf16, long offset, float[] target, int count) {
        for (int i = 0; i < count; i++) {
            int bits = bf16.get(BF16, offset + (long) i * Short.BYTES) << 16;
            target[i] = Float.intBitsToFloat(bits);
        }
    }

    @Override
    public void subtractFrom(MemorySegment base, long baseOffset, float[] target, int count) {
        for (int i = 0; i < count; i++) {
            target[i] = base.get(F32, baseOffset + (long) i * Float.BYTES) - target[i];
        }
    }

    @Override
    public void addScaled(float[] sum, float factor, float[] term, int count) {
        for (int i = 0; i < count; i++) {
            sum[i] = sum[i] + factor * term[i];
        }
    }

    @Override
    public void decay(float[] momentum, float factor, float[] term, int count) {
        for (int i = 0; i < count; i++) {
            momentum[i] = factor * momentum[i] + term[i];
        }
    }

    @Override
    public void scale(float[] values, float factor, int count) {
        for (int i = 0; i < count; i++) {
            values[i] = factor * values[i];
        }
    }

    @Override
    public void step(
            MemorySegment base,
            long baseOffset,
            float rate,
            float[] update,
            MemorySegment target,
            long targetOffset,
            int count) {
        for (int i = 0; i < count; i++) {
            long at = (long) i * Float.BYTES;
            target.set(F32, targetOffset + at, base.get(F32, baseOffset + at) - rate * update[i]);
        }
    }

    @Override
    public double dot(float[] x, float[] y, int count) {
        double[] lanes = new double[LANES];
        for (int i = 0; i < count; i++) {
            lanes[i % LANES] += (double) x[i] * (double) y[i];
        }
        return Kernels.fold(lanes);
    }
}
