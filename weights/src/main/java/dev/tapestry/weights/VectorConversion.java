package dev.tapestry.weights;

import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.I2S;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.ZERO_EXTEND_S2I;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * The fast twin of {@link ScalarConversion}: the same steps on all lanes of a vector.
 *
 * <p>Each method converts as many numbers as fill whole vectors and answers how many.
 */
final class VectorConversion {

    private static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;
    private static final VectorSpecies<Integer> INTS =
            IntVector.SPECIES_PREFERRED.vectorBitSize() < 128
                    ? IntVector.SPECIES_128
                    : IntVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Short> SHORTS =
            VectorSpecies.of(short.class, VectorShape.forBitSize(INTS.vectorBitSize() / 2));
    private static final VectorSpecies<Float> FLOATS =
            VectorSpecies.of(float.class, INTS.vectorShape());
    private static final int LANES = INTS.length();

    private VectorConversion() {}

    static long bf16ToFloat(MemorySegment narrow, MemorySegment wide, long count) {
        long i = 0;
        for (; i <= count - LANES; i += LANES) {
            shorts(narrow, i).lanewise(LSHL, 16).intoMemorySegment(wide, i * 4, LE);
        }
        return i;
    }

    static long floatToBf16(MemorySegment wide, MemorySegment narrow, long count) {
        long i = 0;
        for (; i <= count - LANES; i += LANES) {
            IntVector bits = IntVector.fromMemorySegment(INTS, wide, i * 4, LE);
            IntVector upper = bits.lanewise(LSHR, 16);
            IntVector rounded = bits.add(0x7fff).add(upper.and(1)).lanewise(LSHR, 16);
            var nan = bits.and(0x7fffffff).compare(VectorOperators.GT, 0x7f800000);
            store(rounded.blend(upper.or(0x40), nan), narrow, i);
        }
        return i;
    }

    static long floatToFloat16(MemorySegment wide, MemorySegment narrow, long count) {
        long i = 0;
        for (; i <= count - LANES; i += LANES) {
            IntVector bits = IntVector.fromMemorySegment(INTS, wide, i * 4, LE);
            IntVector magnitude = bits.and(0x7fffffff);
            IntVector odd = magnitude.lanewise(LSHR, 13).and(1);
            IntVector normal =
                    magnitude.add(0xfff).add(odd).sub(ScalarConversion.REBIAS).lanewise(LSHR, 13);
            IntVector subnormal =
                    magnitude.reinterpretAsFloats().add(0.5f).reinterpretAsInts().sub(0x3f000000);
            IntVector nan = magnitude.lanewise(LSHR, 13).and(0x3ff).or(0x7e00);
            IntVector result =
                    normal.blend(subnormal, magnitude.lt(ScalarConversion.FIRST_NORMAL_F16))
                            .blend(
                                    0x7c00,
                                    magnitude.compare(
                                            VectorOperators.GE,
                                            ScalarConversion.FIRST_INFINITE_F16))
                            .blend(nan, magnitude.compare(VectorOperators.GT, 0x7f800000));
            store(result.or(bits.lanewise(LSHR, 16).and(0x8000)), narrow, i);
        }
        return i;
    }

    static long float16ToFloat(MemorySegment narrow, MemorySegment wide, long count) {
        long i = 0;
        for (; i <= count - LANES; i += LANES) {
            IntVector bits = shorts(narrow, i);
            IntVector exponent = bits.and(0x7c00);
            IntVector fraction = bits.and(0x3ff);
            IntVector normal = bits.and(0x7fff).lanewise(LSHL, 13).add(ScalarConversion.REBIAS);
            IntVector subnormal =
                    ((FloatVector) fraction.convertShape(I2F, FLOATS, 0))
                            .mul(ScalarConversion.SMALLEST_F16)
                            .reinterpretAsInts();
            IntVector special = fraction.lanewise(LSHL, 13).or(0x7f800000);
            IntVector result =
                    normal.blend(subnormal, exponent.eq(0)).blend(special, exponent.eq(0x7c00));
            result.or(bits.and(0x8000).lanewise(LSHL, 16)).intoMemorySegment(wide, i * 4, LE);
        }
        return i;
    }

    private static IntVector shorts(MemorySegment segment, long index) {
        return (IntVector)
                ShortVector.fromMemorySegment(SHORTS, segment, index * 2, LE)
                        .convertShape(ZERO_EXTEND_S2I, INTS, 0);
    }

    private static void store(IntVector values, MemorySegment segment, long index) {
        ((ShortVector) values.convertShape(I2S, SHORTS, 0))
                .intoMemorySegment(segment, index * 2, LE);
    }
}
