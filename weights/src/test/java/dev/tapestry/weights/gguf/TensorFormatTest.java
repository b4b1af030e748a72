package dev.tapestry.weights.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.weights.FloatConversion;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TensorFormatTest {

    /** By hand: x̂ = −4 gives d = ½, so that q = x / ½ + 8. */
    @Test
    void four_bits_have_the_bytes_of_the_format() {
        float[] numbers = new float[32];
        numbers[0] = -4; // 0
        numbers[16] = 3.5f; // 15
        numbers[1] = 4; // 16, of which 15 is the most
        numbers[17] = -0.25f; // 7.5, rounded up
        numbers[2] = 0.24f; // 8.48, rounded down
        byte[] block = encoded(TensorFormat.Q4_0, numbers);
        assertThat(block).hasSize(18).startsWith(0x00, 0x38, 0xf0, 0x8f, 0x88, 0x88);
    }

    @Test
    void nothing_but_zeros_stays_zeros() {
        for (TensorFormat format : TensorFormat.values()) {
            assertThat(error(format, new float[256])).as(format.name()).isZero();
        }
    }

    /** Root of the mean square, of numbers with deviation 1: near what the bits allow at best. */
    @ParameterizedTest
    @CsvSource({"Q8_0, 0.01", "Q6_K, 0.03", "Q4_K, 0.08", "Q4_0, 0.11"})
    void random_numbers_are_found_again_nearly(TensorFormat format, double most) {
        Random random = new Random(5);
        float[] numbers = new float[256 * 40];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = (float) random.nextGaussian();
        }
        assertThat(error(format, numbers)).isBetween(most / 2, most);
    }

    /** All of one sign, far from zero, and one number alone: where a search may lose its way. */
    @ParameterizedTest
    @CsvSource({"Q4_K, 0.03", "Q6_K, 0.03"})
    void unusual_blocks_are_found_again_too(TensorFormat format, double most) {
        float[] alone = new float[256];
        alone[77] = -3;
        assertThat(error(format, alone)).isLessThan(most);
        float[] positive = new float[256];
        float[] negative = new float[256];
        for (int i = 0; i < 256; i++) {
            positive[i] = 0.2f + i % 7 * 0.1f;
            negative[i] = -positive[i];
        }
        assertThat(error(format, positive)).isLessThan(most);
        assertThat(error(format, negative)).isLessThan(most);
    }

    @ParameterizedTest
    @CsvSource({"Q4_K, 96, Q8_0", "Q6_K, 256, Q6_K", "Q4_0, 48, F16", "Q4_K, 40, F16"})
    void rows_that_are_no_whole_blocks_take_smaller_ones(
            TensorFormat wanted, long row, TensorFormat taken) {
        assertThat(wanted.forRowsOf(row)).isEqualTo(taken);
    }

    private static double error(TensorFormat format, float[] numbers) {
        GgufReader reader = GgufReader.ofData(encoded(format, numbers), format.number());
        double sum = 0;
        for (int i = 0; i < numbers.length; i++) {
            sum += Math.pow(reader.number("data", i) - numbers[i], 2);
        }
        return Math.sqrt(sum / numbers.length);
    }

    private static byte[] encoded(TensorFormat format, float[] numbers) {
        MemorySegment floats = MemorySegment.ofArray(new byte[4 * numbers.length]);
        for (int i = 0; i < numbers.length; i++) {
            floats.set(FloatConversion.FLOAT_LE, 4L * i, numbers[i]);
        }
        byte[] bytes = new byte[(int) format.bytes(numbers.length)];
        format.encode(floats, MemorySegment.ofArray(bytes));
        return bytes;
    }
}
