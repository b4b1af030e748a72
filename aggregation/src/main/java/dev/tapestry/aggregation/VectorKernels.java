package dev.tapestry.aggregation;

import static jdk.incubator.vector.VectorOperators.F2D;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.ZERO_EXTEND_S2I;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Eight elements at a time, the rest of a chunk by {@link ScalarKernels}.
 *
 * <p>The vectors are always 256 bits wide, whatever the machine prefers, so that the lanes of sums
 * are the same everywhere.
 */
final class VectorKernels implements Kernels {

    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_256;
    private static final VectorSpecies<Float> HALF = FloatVector.SPECIES_128;
    private static final VectorSpecies<Double> DOUBLES = DoubleVector.SPECIES_256;
    private static final VectorSpecies<Short> SHORTS = ShortVector.SPECIES_128;
    private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_256;
    private static final int WIDTH = FLOATS.length();
    private static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;

    /** Whether the machine has vectors of this width; if not, they would be slower than none. */
    static boolean isFast() {
        return FloatVector.SPECIES_PREFERRED.length() >= WIDTH;
    }

    @Override
    public void subtract(
            MemorySegment base,
            long baseOffset,
            MemorySegment member,
            long memberOffset,
            float[] update,
            int count) {
        int i = 0;
        for (; i <= count - WIDTH; i += WIDTH) {
            long at = (long) i * Float.BYTES;
            FloatVector theirs =
                    FloatVector.fromMemorySegment(FLOATS, member, memberOffset + at, ORDER);
            FloatVector.fromMemorySegment(FLOATS, base, baseOffset + at, ORDER)
                    .sub(theirs)
                    .intoArray(update, i);
        }
        for (; i < count; i++) {
            long at = (long) i * Float.BYTES;
            update[i] =
                    base.get(ScalarKernels.F32, baseOffset + at)
                            - member.get(ScalarKernels.F32, memberOffset + at);
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
        DoubleVector low = DoubleVector.zero(DOUBLES);
        DoubleVector high = DoubleVector.zero(DOUBLES);
        int i = 0;
        for (; i <= count - WIDTH; i += WIDTH) {
            long at = (long) i * Float.BYTES;
            FloatVector delta =
                    FloatVector.fromMemorySegment(FLOATS, base, baseOffset + at, ORDER)
                            .sub(
                                    FloatVector.fromMemorySegment(
                                            FLOATS, member, memberOffset + at, ORDER));
            delta.intoArray(update, i);
            FloatVector.fromArray(FLOATS, sum, i).add(delta.mul(factor)).intoArray(sum, i);
            DoubleVector first = (DoubleVector) delta.convertShape(F2D, DOUBLES, 0);
            DoubleVector second = (DoubleVector) delta.convertShape(F2D, DOUBLES, 1);
            low = low.add(first.mul(first));
            high = high.add(second.mul(second));
        }
        double[] lanes = new double[LANES];
        low.intoArray(lanes, 0);
        high.intoArray(lanes, LANES / 2);
        for (; i < count; i++) {
            long at = (long) i * Float.BYTES;
            float delta =
                    base.get(ScalarKernels.F32, baseOffset + at)
                            - member.get(ScalarKernels.F32, memberOffset + at);
            update[i] = delta;
            sum[i] = sum[i] + factor * delta;
            lanes[i % LANES] += (double) delta * (double) delta;
        }
        return Kernels.fold(lanes);
    }

    @Override
    public void widen(MemorySegment bf16, long offset, float[] target, int count) {
        int i = 0;
        for (; i <= count - WIDTH; i += WIDTH) {
            ShortVector.fromMemorySegment(SHORTS, bf16, offset + (long) i * Short.BYTES, ORDER)
                    .convertShape(ZERO_EXTEND_S2I, INTS, 0)
                    .reinterpretAsInts()
                    .lanewise(LSHL, 16)
                    .reinterpretAsFloats()
                    .intoArray(target, i);
        }
        for (; i < count; i++) {
            int bits = bf16.get(ScalarKernels.BF16, offset + (long) i * Short.BYTES) << 16;
            target[i] = Float.intBitsToFloat(bits);
        }
    }

    @Override
    public void subtractFrom(MemorySegment base, long baseOffset, float[] target, int count) {
        int i = 0;
        for (; i <= count - WIDTH; i += WIDTH) {
            FloatVector.fromMemorySegment(FLOATS, base, baseOffset + (long) i * Float.BYTES, ORDER)
                    .sub(FloatVector.fromArray(FLOATS, target, i))
                    .intoArray(target, i);
        }
        for (; i < count; i++) {
            target[i] =
                    base.get(ScalarKernels.F32, baseOffset + (long) i * Float.BYTES) - target[i];
        }
    }

    @Override
    public void addScaled(float[] sum, float factor, float[] term, int count) {
        int i = 0;
        for (; i <= count - WIDTH; i += WIDTH) {
            FloatVector.fromArray(FLOATS, sum, i)
                    .add(FloatVector.fromArray(FLOATS, term, i).mul(factor))
                    .intoArray(sum, i);
        }
        for (; i < count; i++) {
            sum[i] = sum[i] + factor * term[i];
        }
    }

    @Override
    public void decay(float[] momentum, float factor, float[] term, int count) {
        int i = 0;
        for (; i <= count - WIDTH; i += WIDTH) {
            FloatVector.fromArray(FLOATS, momentum, i)
                    .mul(factor)
                    .add(FloatVector.fromArray(FLOATS, term, i))
                    .intoArray(momentum, i);
        }
        for (; i < count; i++) {
            momentum[i] = factor * momentum[i] + term[i];
        }
    }

    @Override
    public void scale(float[] values, float factor, int count) {
        int i = 0;
        for (; i <= count - WIDTH; i += WIDTH) {
            FloatVector.fromArray(FLOATS, values, i).mul(factor).intoArray(values, i);
        }
        for (; i < count; i++) {
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
        int i = 0;
        for (; i <= count - WIDTH; i += WIDTH) {
            long at = (long) i * Float.BYTES;
            FloatVector.fromMemorySegment(FLOATS, base, baseOffset + at, ORDER)
                    .sub(FloatVector.fromArray(FLOATS, update, i).mul(rate))
                    .intoMemorySegment(target, targetOffset + at, ORDER);
        }
        for (; i < count; i++) {
            long at = (long) i * Float.BYTES;
            float moved = base.get(ScalarKernels.F32, baseOffset + at) - rate * update[i];
            target.set(ScalarKernels.F32, targetOffset + at, moved);
        }
    }

    @Override
    public double dot(float[] x, float[] y, int count) {
        DoubleVector low = DoubleVector.zero(DOUBLES);
        DoubleVector high = DoubleVector.zero(DOUBLES);
        int i = 0;
        for (; i <= count - WIDTH; i += WIDTH) {
            low = low.add(wide(x, i).mul(wide(y, i)));
            high = high.add(wide(x, i + WIDTH / 2).mul(wide(y, i + WIDTH / 2)));
        }
        double[] lanes = new double[LANES];
        low.intoArray(lanes, 0);
        high.intoArray(lanes, LANES / 2);
        for (; i < count; i++) {
            lanes[i % LANES] += (double) x[i] * (double) y[i];
        }
        return Kernels.fold(lanes);
    }

    private static DoubleVector wide(float[] values, int index) {
        return (DoubleVector)
                FloatVector.fromArray(HALF, values, index).convertShape(F2D, DOUBLES, 0);
    }
}
