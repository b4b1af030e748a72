package dev.tapestry.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class FloatConversionTest {

    private static final int COUNT = 30_003;

    @ParameterizedTest
    @EnumSource(value = DType.class, mode = EnumSource.Mode.EXCLUDE, names = "U8")
    void every_16_bit_number_comes_back_from_f32_as_it_was(DType dtype) {
        MemorySegment narrow = MemorySegment.ofArray(new byte[dtype.bytes() << 16]);
        for (int i = 0; i < 1 << 16 && dtype.bytes() == 2; i++) {
            narrow.set(FloatConversion.SHORT_LE, i * 2L, (short) i);
        }
        MemorySegment wide = MemorySegment.ofArray(new float[1 << 16]);
        MemorySegment back = MemorySegment.ofArray(new byte[dtype.bytes() << 16]);
        FloatConversion.widen(dtype, narrow, wide, 0);
        FloatConversion.narrow(dtype, wide, back, 0);
        int wrong = 0;
        for (int i = 0; i < 1 << 16 && dtype.bytes() == 2; i++) {
            short bits = back.get(FloatConversion.SHORT_LE, i * 2L);
            boolean nan = Float.isNaN(wide.get(FloatConversion.FLOAT_LE, i * 4L));
            int quiet = dtype == DType.F16 ? 0x200 : 0x40;
            wrong += bits == (short) (nan ? i | quiet : i) ? 0 : 1;
        }
        assertThat(wrong).isZero();
        MemorySegment twin = MemorySegment.ofArray(new float[1 << 16]);
        ScalarConversion.widen(dtype, narrow, twin, 0, 1 << 16);
        assertThat(wide.mismatch(twin)).isEqualTo(-1);
    }

    @ParameterizedTest
    @EnumSource(value = DType.class, mode = EnumSource.Mode.EXCLUDE, names = "U8")
    void vector_and_scalar_narrow_to_the_same_bits(DType dtype) {
        long seed = Long.getLong("tapestry.seed", System.nanoTime());
        MemorySegment wide = telling(new SplittableRandom(seed));
        MemorySegment fast = MemorySegment.ofArray(new byte[COUNT * dtype.bytes()]);
        MemorySegment twin = MemorySegment.ofArray(new byte[COUNT * dtype.bytes()]);
        FloatConversion.narrow(dtype, wide, fast, 0);
        ScalarConversion.narrow(dtype, wide, twin, 0, COUNT);
        assertThat(fast.mismatch(twin)).as("-Dtapestry.seed=%d", seed).isEqualTo(-1);
    }

    @Test
    void narrowing_to_f16_agrees_with_the_platform() {
        long seed = Long.getLong("tapestry.seed", System.nanoTime());
        MemorySegment wide = telling(new SplittableRandom(seed));
        for (long i = 0; i < COUNT; i++) {
            float value = wide.get(FloatConversion.FLOAT_LE, i * 4);
            short bits = ScalarConversion.float16(Float.floatToRawIntBits(value));
            boolean same =
                    Float.isNaN(value)
                            ? Float.isNaN(Float.float16ToFloat(bits))
                            : bits == Float.floatToFloat16(value);
            if (!same) {
                fail("%a became %04x, -Dtapestry.seed=%d".formatted(value, bits, seed));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "3f800000, 3f80", // one
        "3f808000, 3f80", // a tie goes to the even neighbour below
        "3f818000, 3f82", // a tie goes to the even neighbour above
        "3f808001, 3f81", // just above a tie
        "7f7fffff, 7f80", // the largest F32 rounds to infinity
        "ff800000, ff80", // minus infinity
        "7f800001, 7fc0", // a signalling NaN whose payload would be lost
        "ffc12345, ffc1", // a quiet NaN keeps sign and upper payload
        "00000001, 0000", // the smallest subnormal vanishes
        "80000000, 8000", // minus zero
        "00018000, 0002" // subnormals round too
    })
    void bf16_rounds_to_nearest_even(String wide, String narrow) {
        short bits = ScalarConversion.bf16(Integer.parseUnsignedInt(wide, 16));
        assertThat("%04x".formatted(bits)).isEqualTo(narrow);
    }

    @ParameterizedTest
    @CsvSource({
        "3f800000, 3c00", // one
        "477fefff, 7bff", // just below the middle between 65504 and infinity
        "477ff000, 7c00", // the middle itself
        "38800000, 0400", // the smallest normal
        "387fffff, 0400", // rounds up into the normals
        "33800000, 0001", // the smallest subnormal
        "33000000, 0000", // half of it: a tie, to zero
        "33000001, 0001", // a little more than half
        "33c00000, 0002", // one and a half: a tie, to two
        "b3800000, 8001",
        "7f800001, 7e00",
        "ff800000, fc00",
        "00000001, 0000"
    })
    void f16_rounds_to_nearest_even(String wide, String narrow) {
        short bits = ScalarConversion.float16(Integer.parseUnsignedInt(wide, 16));
        assertThat("%04x".formatted(bits)).isEqualTo(narrow);
    }

    @Test
    void segments_of_different_counts_are_refused() {
        MemorySegment wide = MemorySegment.ofArray(new float[3]);
        MemorySegment narrow = MemorySegment.ofArray(new byte[8]);
        assertThatThrownBy(() -> FloatConversion.narrow(DType.BF16, wide, narrow))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("12 bytes of F32 and 8 bytes of BF16");
    }

    /** Bits of all kinds, and many near the borders where rounding is decided. */
    private static MemorySegment telling(SplittableRandom random) {
        int[] borders = {
            0, 0x7f800000, 0x477ff000, 0x38800000, 0x33000000, 0x33800000, 0x3f808000, 0x7f7fffff
        };
        MemorySegment wide = MemorySegment.ofArray(new float[COUNT]);
        for (long i = 0; i < COUNT; i++) {
            int bits =
                    switch (random.nextInt(3)) {
                        case 0 -> random.nextInt();
                        case 1 -> (random.nextInt(0x33000000, 0x47800000) & ~0xfff);
                        default ->
                                (borders[random.nextInt(borders.length)] + random.nextInt(-9, 9))
                                        ^ (random.nextInt() & 0x80000000);
                    };
            wide.set(FloatConversion.INT_LE, i * 4, bits);
        }
        return wide;
    }
}
