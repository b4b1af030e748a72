package dev.tapestry.aggregation;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;

/** One element after another: the meaning of {@link VectorKernels}, and its stand-in. */
final class ScalarKernels implements Kernels {

    static final ValueLayout.OfFloat F32 =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfShort BF16 =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    @Override
    public void accumulate(Chunk chunk, Four four, float[] sum, float[] lanes) {
        Arrays.fill(lanes, 0, Four.SIZE * LANES, 0);
        for (int k = 0; k < Four.SIZE; k++) {
            int slot = four.slot(k);
            float factor = four.factor(k);
            for (int i = 0; i < chunk.count(); i++) {
                float update = chunk.update(slot, i);
                sum[i] = sum[i] + factor * update;
                lanes[k * LANES + i % LANES] += update * update;
            }
        }
    }

    @Override
    public void project(Chunk chunk, Four four, float[] sum, float[] lanes) {
        Arrays.fill(lanes, 0, (Four.SIZE + 1) * LANES, 0);
        for (int k = 0; k < Four.SIZE; k++) {
            int slot = four.slot(k);
            for (int i = 0; i < chunk.count(); i++) {
                lanes[k * LANES + i % LANES] += chunk.update(slot, i) * sum[i];
            }
        }
        for (int i = 0; i < chunk.count(); i++) {
            lanes[Four.SIZE * LANES + i % LANES] += sum[i] * sum[i];
        }
    }

    @Override
    public void measure(Chunk chunk, int slot, float[] lanes) {
        Arrays.fill(lanes, 0, 2 * LANES, 0);
        for (int i = 0; i < chunk.count(); i++) {
            float base = chunk.value(chunk.base(), i);
            float update = base - chunk.value(slot, i);
            lanes[i % LANES] += update * update;
            lanes[LANES + i % LANES] += base * base;
        }
    }

    @Override
    public void dot(float[] x, float[] y, int count, float[] lanes) {
        Arrays.fill(lanes, 0, LANES, 0);
        for (int i = 0; i < count; i++) {
            lanes[i % LANES] += x[i] * y[i];
        }
    }

    @Override
    public void widen(
            MemorySegment bf16, long offset, MemorySegment target, long targetOffset, int count) {
        for (int i = 0; i < count; i++) {
            int bits = bf16.get(BF16, offset + (long) i * Short.BYTES) << 16;
            target.set(F32, targetOffset + (long) i * Float.BYTES, Float.intBitsToFloat(bits));
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
            Chunk chunk, float rate, float[] update, MemorySegment target, long targetOffset) {
        for (int i = 0; i < chunk.count(); i++) {
            float moved = chunk.value(chunk.base(), i) - rate * update[i];
            target.set(F32, targetOffset + (long) i * Float.BYTES, moved);
        }
    }
}
