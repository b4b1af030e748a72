package dev.tapestry.weights.codec;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Comparator;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TopSelectionTest {

    @Test
    void exactly_the_largest_are_kept_and_of_equal_ones_the_first() {
        long seed = Coding.seed();
        SplittableRandom random = new SplittableRandom(seed);
        TopSelection vector = new TopSelection(new VectorKernels());
        TopSelection scalar = new TopSelection(new ScalarKernels());
        for (int i = 0; i < 300; i++) {
            int count = i % 3 == 0 ? Codec.CHUNK : random.nextInt(1, Codec.CHUNK + 1);
            int from = random.nextInt(20);
            float[] values = Coding.numbers(random, from + count);
            int keep = Math.ceilDiv(count, 16 << (i % 3));
            int[] expected =
                    IntStream.range(from, from + count)
                            .boxed()
                            .sorted(
                                    Comparator.comparingDouble((Integer j) -> -Math.abs(values[j]))
                                            .thenComparingInt(j -> j))
                            .limit(keep)
                            .mapToInt(j -> j)
                            .sorted()
                            .toArray();
            for (TopSelection selection : new TopSelection[] {vector, scalar}) {
                int[] kept = new int[keep];
                selection.select(values, from, from + count, keep, kept, 0);
                assertThat(kept).as("-Dtapestry.seed=%d, %d", seed, i).isEqualTo(expected);
            }
        }
    }

    @Test
    void a_sample_that_misses_all_large_ones_misleads_nobody() {
        float[] values = new float[Codec.CHUNK];
        for (int i = 0; i < values.length; i++) {
            values[i] = i % 16 == 0 ? 100 : i; // the sample sees only hundreds
        }
        int[] kept = new int[64];
        new TopSelection(Kernels.fastest()).select(values, 0, values.length, 64, kept, 0);
        int[] largest = IntStream.range(0, 4096).filter(i -> i % 16 != 0).toArray();
        assertThat(kept).isEqualTo(java.util.Arrays.copyOfRange(largest, 3840 - 64, 3840));
    }
}
