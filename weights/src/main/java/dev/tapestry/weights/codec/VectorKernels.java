package dev.tapestry.weights.codec;

import static jdk.incubator.vector.VectorOperators.B2F;
import static jdk.incubator.vector.VectorOperators.GE;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.I2B;
import static jdk.incubator.vector.VectorOperators.I2S;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.MAX;
import static jdk.incubator.vector.VectorOperators.S2I;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;

/**
 * Eight elements at a time, the rest by {@link ScalarKernels} or as it would.
 *
 * <p>The vectors are always 256 bits wide, whatever the machine prefers, so that the lanes of sums
 * are the same everywhere.
 */
final class VectorKernels implements Kernels {

    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_256;
    private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_256;
    private static final VectorSpecies<Byte> BYTES = ByteVector.SPECIES_64;
    private static final VectorSpecies<Byte> PAIRS = ByteVector.SPECIES_128;
    private static final VectorSpecies<Short> SHORTS = ShortVector.SPECIES_128;
    private static final int WIDTH = FLOATS.length();

    private final ScalarKernels rest = new ScalarKernels();

    /** Whether the machine has vectors of this width; if not, they would be slower than none. */
    static boolean isFast() {
        return FloatVector.SPECIES_PREFERRED.length() >= WIDTH;
    }

    private static int whole(int from, int to) {
        return from + FLOATS.loopBound(to - from);
    }

    private static IntVector magnitude(float[] values, int at) {
        return FloatVector.fromArray(FLOATS, values, at).reinterpretAsInts().and(0x7fffffff);
    }

    private static void store(IntVector codes, byte[] bytes, int at) {
        ((ByteVector) codes.convertShape(I2B, BYTES, 0)).intoArray(bytes, at);
    }

    @Override
    public int largestMagnitude(float[] values, int from, int to) {
        int whole = whole(from, to);
        IntVector largest = IntVector.zero(INTS);
        for (int i = from; i < whole; i += WIDTH) {
            largest = largest.max(magnitude(values, i));
        }
        return Math.max(largest.reduceLanes(MAX), rest.largestMagnitude(values, whole, to));
    }

    @Override
    public void round(
            float[] values, int from, int to, float step, int limit, byte[] codes, int at) {
        int whole = whole(from, to);
        for (int i = from; i < whole; i += WIDTH) {
            IntVector integers =
                    FloatVector.fromArray(FLOATS, values, i)
                            .div(step)
                            .add(ROUNDER)
                            .reinterpretAsInts()
                            .sub(ROUNDER_BITS);
            store(integers.min(limit).max(-limit), codes, at + i - from);
        }
        rest.round(values, whole, to, step, limit, codes, at + whole - from);
    }

    @Override
    public void roundLog(float[] values, int from, int to, float scale, byte[] codes, int at) {
        int whole = whole(from, to);
        for (int i = from; i < whole; i += WIDTH) {
            IntVector bits =
                    FloatVector.fromArray(FLOATS, values, i).div(scale).reinterpretAsInts();
            IntVector exponent =
                    bits.and(0x7fffffff).add(LOG_ROUNDER).lanewise(LSHR, 23).sub(LOG_BIAS);
            IntVector code = exponent.min(7).or(bits.lanewise(LSHR, 28).and(8));
            store(code.blend(0, exponent.lt(1)), codes, at + i - from);
        }
        rest.roundLog(values, whole, to, scale, codes, at + whole - from);
    }

    @Override
    public void scale(byte[] codes, int at, float step, float[] values, int from, int to) {
        int whole = whole(from, to);
        for (int i = from; i < whole; i += WIDTH) {
            ((FloatVector)
                            ByteVector.fromArray(BYTES, codes, at + i - from)
                                    .convertShape(B2F, FLOATS, 0))
                    .mul(step)
                    .intoArray(values, i);
        }
        rest.scale(codes, at + whole - from, step, values, whole, to);
    }

    @Override
    public void narrow(float[] values, int count, byte[] out) {
        int whole = FLOATS.loopBound(count);
        for (int i = 0; i < whole; i += WIDTH) {
            IntVector bits = FloatVector.fromArray(FLOATS, values, i).reinterpretAsInts();
            IntVector magnitude = bits.and(0x7fffffff);
            IntVector rounded =
                    magnitude
                            .add(0x7fff)
                            .add(magnitude.lanewise(LSHR, 16).and(1))
                            .lanewise(LSHR, 16)
                            .min(Bf16.LARGEST)
                            .or(bits.lanewise(LSHR, 16).and(0x8000));
            ((ShortVector) rounded.convertShape(I2S, SHORTS, 0))
                    .reinterpretAsBytes()
                    .intoArray(out, i * Short.BYTES);
        }
        rest.narrow(values, whole, count, out);
    }

    @Override
    public void widen(byte[] bytes, int count, float[] values) {
        int whole = FLOATS.loopBound(count);
        for (int i = 0; i < whole; i += WIDTH) {
            ((IntVector)
                            ByteVector.fromArray(PAIRS, bytes, i * Short.BYTES)
                                    .reinterpretAsShorts()
                                    .convertShape(S2I, INTS, 0))
                    .lanewise(LSHL, 16)
                    .reinterpretAsFloats()
                    .intoArray(values, i);
        }
        rest.widen(bytes, whole, count, values);
    }

    @Override
    public float sum(float[] values, int from, int to) {
        int whole = whole(from, to);
        FloatVector sums = FloatVector.zero(FLOATS);
        for (int i = from; i < whole; i += WIDTH) {
            sums = sums.add(FloatVector.fromArray(FLOATS, values, i).abs().mul(SUM_SCALE));
        }
        float[] lanes = new float[LANES];
        sums.intoArray(lanes, 0);
        for (int i = whole; i < to; i++) {
            lanes[i - whole] += Math.abs(values[i]) * SUM_SCALE;
        }
        return Kernels.total(lanes);
    }

    @Override
    public int split(
            float[] values, int from, int to, float threshold, byte[] codes, float[] sums) {
        int whole = whole(from, to);
        FloatVector inner = FloatVector.zero(FLOATS);
        FloatVector outer = inner;
        FloatVector zero = inner;
        int above = 0;
        for (int i = from; i < whole; i += WIDTH) {
            FloatVector x = FloatVector.fromArray(FLOATS, values, i);
            FloatVector magnitude = x.abs();
            VectorMask<Float> isOuter = magnitude.compare(GT, threshold);
            FloatVector term = magnitude.mul(SUM_SCALE);
            inner = inner.add(term.blend(zero, isOuter));
            outer = outer.add(zero.blend(term, isOuter));
            above += isOuter.trueCount();
            IntVector sign = x.reinterpretAsInts().lanewise(LSHR, 30).and(2);
            store(sign.blend(sign.or(1), isOuter.cast(INTS)), codes, i - from);
        }
        float[] inners = new float[LANES];
        float[] outers = new float[LANES];
        inner.intoArray(inners, 0);
        outer.intoArray(outers, 0);
        for (int i = whole; i < to; i++) {
            float magnitude = Math.abs(values[i]);
            int isOuter = magnitude > threshold ? 1 : 0;
            (isOuter == 1 ? outers : inners)[i - whole] += magnitude * SUM_SCALE;
            above += isOuter;
            codes[i - from] = (byte) (Float.floatToRawIntBits(values[i]) >>> 31 << 1 | isOuter);
        }
        sums[0] = Kernels.total(inners);
        sums[1] = Kernels.total(outers);
        return above;
    }

    @Override
    public int atLeast(float[] values, int from, int to, int least, int[] indices) {
        int whole = whole(from, to);
        int found = 0;
        for (int i = from; i < whole; i += WIDTH) {
            long lanes = magnitude(values, i).compare(GE, least).toLong();
            for (; lanes != 0; lanes &= lanes - 1) {
                indices[found++] = i + Long.numberOfTrailingZeros(lanes);
            }
        }
        for (int i = whole; i < to; i++) {
            if ((Float.floatToRawIntBits(values[i]) & 0x7fffffff) >= least) {
                indices[found++] = i;
            }
        }
        return found;
    }
}
