package dev.tapestry.training;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class DataOrderTest {

    @Test
    void an_epoch_reads_every_window_once_and_never_beyond_the_end() {
        long seed = System.nanoTime();
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < 40; i++) {
            int length = random.nextInt(1, 40);
            long tokens = random.nextLong(length + 1L, 800);
            DataOrder order = new DataOrder(tokens, length, random.nextLong());
            for (long epoch = 0; epoch < 2; epoch++) {
                Set<Long> starts = new HashSet<>();
                for (long n = 0; n < order.windows(); n++) {
                    long start = order.start(epoch * order.windows() + n);
                    assertThat(start).as("seed %d", seed).isBetween(0L, tokens - length - 1);
                    starts.add(start);
                }
                assertThat(starts).as("seed %d", seed).hasSize((int) order.windows());
                assertThat(starts.stream().map(s -> s % length).distinct()).hasSize(1);
            }
        }
    }

    @Test
    void epochs_and_seeds_differ_and_repeat() {
        DataOrder order = new DataOrder(10_000, 16, 1);
        DataOrder same = new DataOrder(10_000, 16, 1);
        DataOrder other = new DataOrder(10_000, 16, 2);
        int moved = 0;
        for (long n = 0; n < 100; n++) {
            assertThat(same.start(n)).isEqualTo(order.start(n));
            moved += other.start(n) != order.start(n) ? 1 : 0;
            moved += order.start(n + order.windows()) != order.start(n) ? 1 : 0;
        }
        assertThat(moved).isGreaterThan(180);
    }
}
