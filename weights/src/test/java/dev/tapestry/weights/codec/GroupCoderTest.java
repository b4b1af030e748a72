package dev.tapestry.weights.codec;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class GroupCoderTest {

    private static final int[] COUNTS = {1, 2, 7, 8, 63, 64, 65, 127, 129, 1000, 4096, 4097, 9001};

    @ParameterizedTest
    @EnumSource(Codec.class)
    void vector_and_scalar_give_the_same_bytes_and_numbers(Codec codec) {
        long seed = Coding.seed();
        SplittableRandom random = new SplittableRandom(seed);
        GroupCoder scalar = codec.coder(new ScalarKernels());
        GroupCoder vector = codec.coder(new VectorKernels());
        for (int i = 0; i < 200; i++) {
            float[] values = Coding.numbers(random, COUNTS[i % COUNTS.length]);
            byte[] coded = Coding.encode(scalar, values);
            assertThat(Coding.encode(vector, values))
                    .as("-Dtapestry.seed=%d, %d", seed, i)
                    .isEqualTo(coded);
            float[] decoded = Coding.decode(scalar, coded, values.length);
            assertThat(bits(Coding.decode(vector, coded, values.length))).isEqualTo(bits(decoded));
            for (float value : decoded) {
                assertThat(value).as("-Dtapestry.seed=%d, %d", seed, i).isFinite();
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Codec.class)
    void a_coder_remembers_nothing_from_one_group_to_the_next(Codec codec) {
        long seed = Coding.seed();
        SplittableRandom random = new SplittableRandom(seed);
        GroupCoder used = codec.coder();
        for (int i = 0; i < 60; i++) {
            float[] values = Coding.numbers(random, random.nextInt(1, 10_000));
            assertThat(Coding.encode(used, values))
                    .as("-Dtapestry.seed=%d, %d", seed, i)
                    .isEqualTo(Coding.encode(codec.coder(), values));
        }
    }

    @ParameterizedTest
    @EnumSource(Codec.class)
    void zeros_stay_zeros(Codec codec) {
        for (float value : Coding.roundTrip(codec, new float[5000])) {
            assertThat(Math.abs(value)).isZero();
        }
    }

    @ParameterizedTest
    @EnumSource(Codec.class)
    void of_a_constant_tensor_what_is_kept_is_right_within_a_scales_rounding(Codec codec) {
        float[] values = new float[10_000];
        Arrays.fill(values, -0.3f);
        int kept = 0;
        for (float value : Coding.roundTrip(codec, values)) {
            if (value != 0) {
                assertThat(Math.abs(value + 0.3f)).isLessThanOrEqualTo(0.3f / 128);
                kept++;
            }
        }
        int expected =
                switch (codec) {
                    case TOPK_64 -> 64 + 64 + 29;
                    case TOPK_32 -> 128 + 128 + 57;
                    case TOPK_16 -> 256 + 256 + 113;
                    case FP32, BF16, INT8, E3M0, INT4, INT2 -> 10_000;
                };
        assertThat(kept).isEqualTo(expected);
    }

    @ParameterizedTest
    @EnumSource(Codec.class)
    void no_codec_puts_the_decoded_further_away_than_zero_is(Codec codec) {
        long seed = Coding.seed();
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < 100; i++) {
            float[] values = Coding.numbers(random, COUNTS[i % COUNTS.length]);
            float[] decoded = Coding.roundTrip(codec, values);
            // But for the rounding of scales to BF16, and what lies below their smallest.
            double rounding = 0.02 * Coding.square(values) + values.length * 0x1p-260;
            assertThat(Coding.squareOfDifference(values, decoded))
                    .as("-Dtapestry.seed=%d, %d", seed, i)
                    .isLessThanOrEqualTo(Coding.square(values) + rounding);
        }
    }

    @Test
    void integers_are_half_a_step_away_at_most() {
        long seed = Coding.seed();
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < 100; i++) {
            float[] values = usual(random, 500);
            float[] bytes = Coding.roundTrip(Codec.INT8, values);
            float[] fours = Coding.roundTrip(Codec.INT4, values);
            for (int j = 0; j < values.length; j++) {
                double largest = largestOfBlock(values, j);
                String place = "-Dtapestry.seed=" + seed;
                assertThat(Math.abs(bytes[j] - values[j]))
                        .as(place)
                        .isLessThanOrEqualTo((float) (largest / 254 * 1.008));
                assertThat(Math.abs(fours[j] - values[j]))
                        .as(place)
                        .isLessThanOrEqualTo((float) (largest / 14 * 1.008));
            }
        }
    }

    @Test
    void powers_of_two_are_a_factor_of_the_root_of_two_away_at_most() {
        long seed = Coding.seed();
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < 100; i++) {
            float[] values = usual(random, 500);
            float[] decoded = Coding.roundTrip(Codec.E3M0, values);
            for (int j = 0; j < values.length; j++) {
                double scale = Bf16.value(Bf16.nearest((float) largestOfBlock(values, j)));
                double smallest = scale * Math.pow(2, -6.5);
                if (decoded[j] == 0) {
                    assertThat(Math.abs(values[j])).isLessThanOrEqualTo((float) smallest * 1.0001f);
                } else {
                    assertThat(values[j] / decoded[j])
                            .as("-Dtapestry.seed=%d", seed)
                            .isBetween(0.707f, 1.4143f);
                    double k = Math.log(scale / Math.abs(decoded[j])) / Math.log(2);
                    assertThat(k).isEqualTo(Math.rint(k)).isBetween(0.0, 6.0);
                }
            }
        }
    }

    @Test
    void bf16_saturates_where_it_would_become_infinite() {
        assertThat(Coding.roundTrip(Codec.BF16, Float.MAX_VALUE, -Float.MAX_VALUE, 0x1.01p0f))
                .containsExactly(Bf16.value(0x7f7f), -Bf16.value(0x7f7f), 1f);
    }

    @Test
    void chunks_of_other_magnitudes_keep_their_own() {
        float[] values = new float[3 * Codec.CHUNK];
        SplittableRandom random = new SplittableRandom(5);
        for (int i = 0; i < 2 * Codec.CHUNK; i++) {
            values[i] = (float) random.nextGaussian() * (i < Codec.CHUNK ? 1e-3f : 1e3f);
        }
        float[] decoded = Coding.roundTrip(Codec.TOPK_64, values);
        for (int chunk = 0; chunk < 2; chunk++) {
            int from = chunk * Codec.CHUNK;
            float[] x = kept(values, decoded, from);
            float[] y = Arrays.copyOfRange(decoded, from, from + Codec.CHUNK);
            assertThat(Coding.squareOfDifference(x, y)).isLessThan(0.05 * Coding.square(x));
        }
        assertThat(Arrays.copyOfRange(decoded, 2 * Codec.CHUNK, 3 * Codec.CHUNK)).containsOnly(0f);
    }

    private static float[] kept(float[] values, float[] decoded, int from) {
        float[] kept = new float[Codec.CHUNK];
        for (int i = 0; i < kept.length; i++) {
            kept[i] = decoded[from + i] == 0 ? 0 : values[from + i];
        }
        return kept;
    }

    @Test
    void a_million_parameters_take_at_most_19_thousandths_of_a_byte_each() {
        SplittableRandom random = new SplittableRandom(7);
        GroupCoder coder = Codec.TOPK_64.coder();
        float[] values = new float[Codec.GROUP];
        int bytes = 0;
        for (int group = 0; group < 4; group++) {
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) CodecBenchmark.studentT4(random);
            }
            bytes += Coding.encode(coder, values).length;
        }
        assertThat(bytes / (4.0 * Codec.GROUP)).isLessThan(0.0188);
    }

    private static float[] usual(SplittableRandom random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (1e-3 * CodecBenchmark.studentT4(random));
        }
        return values;
    }

    private static double largestOfBlock(float[] values, int index) {
        double largest = 0;
        int from = index / 64 * 64;
        for (int i = from; i < Math.min(values.length, from + 64); i++) {
            largest = Math.max(largest, Math.abs(values[i]));
        }
        return largest;
    }

    private static int[] bits(float[] values) {
        int[] bits = new int[values.length];
        for (int i = 0; i < values.length; i++) {
            bits[i] = Float.floatToRawIntBits(values[i]);
        }
        return bits;
    }
}
