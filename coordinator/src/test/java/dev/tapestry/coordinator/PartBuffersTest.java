package dev.tapestry.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tapestry.coordinator.PartBuffers.Lent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who gets a buffer, and who waits. */
@Timeout(60)
class PartBuffersTest {

    private static final Duration LONG = Duration.ofMinutes(1);
    private static final Duration SHORT = Duration.ofMillis(1);

    private static PartBuffers of(int buffers, Duration patience) {
        return new PartBuffers((long) buffers * PartBuffers.BUFFER_BYTES, patience);
    }

    private static List<Lent> takeAllThatAreGiven(PartBuffers buffers, String owner)
            throws InterruptedException {
        List<Lent> lent = new ArrayList<>();
        try {
            while (true) {
                lent.add(buffers.take(owner));
            }
        } catch (ApiRefusal refusal) {
            assertThat(refusal.code()).isEqualTo("BUSY");
            assertThat(refusal.detail()).contains(owner, Integer.toString(lent.size()));
            return lent;
        }
    }

    @Test
    void alone_a_member_gets_half_of_them_and_others_always_find_some() throws Exception {
        PartBuffers buffers = of(64, SHORT);
        assertThat(takeAllThatAreGiven(buffers, "ada")).hasSize(32);
        assertThat(takeAllThatAreGiven(buffers, "bela")).hasSize(16);
        assertThat(takeAllThatAreGiven(buffers, "cyrus")).hasSize(8);
        assertThat(takeAllThatAreGiven(buffers, "dora")).hasSize(4);
        assertThat(buffers.lent()).isEqualTo(60);
    }

    @Test
    void a_hundred_members_that_want_sixteen_each_take_no_more_than_there_are_and_all_have_some()
            throws Exception {
        PartBuffers buffers = of(256, LONG);
        AtomicInteger most = new AtomicInteger();
        AtomicInteger moved = new AtomicInteger();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<CompletableFuture<Void>> parts = new ArrayList<>();
            for (int part = 0; part < 1600; part++) {
                String owner = "member-" + part % 100;
                parts.add(
                        CompletableFuture.runAsync(
                                () -> {
                                    try (Lent lent = buffers.take(owner)) {
                                        most.accumulateAndGet(buffers.lent(), Math::max);
                                        moved.addAndGet(lent.bytes().length >> 18);
                                        Thread.onSpinWait();
                                    } catch (InterruptedException e) {
                                        throw new IllegalStateException(e);
                                    }
                                },
                                threads));
            }
            CompletableFuture.allOf(parts.toArray(CompletableFuture[]::new)).get();
        }
        assertThat(moved).hasValue(1600);
        assertThat(most.get()).isBetween(1, 256);
        assertThat(buffers.lent()).isZero();
        assertThat(buffers.waiting()).isZero();
    }

    @Test
    void a_buffer_that_comes_back_goes_to_who_has_fewest_and_not_to_who_keeps_many_lines_busy()
            throws Exception {
        PartBuffers buffers = of(3, LONG);
        Lent first = buffers.take("greedy");
        Lent second = buffers.take("modest");
        List<String> order = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int more = 0; more < 3; more++) {
                int waiting = more + 1;
                Future<?> _ = threads.submit(() -> note(buffers, "greedy", order));
                await().until(() -> buffers.waiting() == waiting);
            }
            Lent third = buffers.take("late");
            Future<?> _ = threads.submit(() -> note(buffers, "patient", order));
            await().until(() -> buffers.waiting() == 4);
            third.close();
            await().until(() -> size(order) == 1); // lent is not yet noted
            second.close();
            first.close();
        }
        assertThat(order).hasSize(4);
        assertThat(order.getFirst()).isEqualTo("patient");
        assertThat(buffers.lent()).isZero();
    }

    private static Void note(PartBuffers buffers, String owner, List<String> order)
            throws InterruptedException {
        try (Lent _ = buffers.take(owner)) {
            synchronized (order) {
                order.add(owner);
            }
        }
        return null;
    }

    private static int size(List<String> order) {
        synchronized (order) {
            return order.size();
        }
    }

    @Test
    void who_is_interrupted_while_waiting_takes_nothing_along() throws Exception {
        PartBuffers buffers = of(1, LONG);
        Lent only = buffers.take("ada");
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<?> _ = threads.submit(() -> buffers.take("bela"));
            await().until(() -> buffers.waiting() == 1);
            threads.shutdownNow();
        }
        assertThat(buffers.waiting()).isZero();
        only.close();
        only.close(); // twice is once
        assertThat(buffers.lent()).isZero();
        buffers.take("cyrus").close();
    }

    @Test
    void there_is_one_buffer_at_least_and_who_waits_in_vain_is_told_how_many_are_at_work()
            throws Exception {
        PartBuffers buffers = new PartBuffers(1, SHORT);
        try (Lent _ = buffers.take("ada")) {
            assertThatThrownBy(() -> buffers.take("bela"))
                    .isInstanceOf(ApiRefusal.class)
                    .hasMessageContaining("1 places for parts are taken, 0 of them by bela");
        }
    }

    @Test
    void whatever_is_taken_and_given_back_nobody_is_forgotten() throws Exception {
        long seed = System.nanoTime();
        System.out.println("buffers by seed " + seed);
        Random random = new Random(seed);
        PartBuffers buffers = of(1 + random.nextInt(8), LONG);
        AtomicInteger done = new AtomicInteger();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int part = 0; part < 2000; part++) {
                String owner = "member-" + random.nextInt(20);
                Future<?> _ =
                        threads.submit(() -> {
                            try (Lent _ = buffers.take(owner)) {
                                Thread.onSpinWait();
                                return done.incrementAndGet();
                            }
                        });
            }
        }
        assertThat(done).hasValue(2000);
        assertThat(buffers.lent()).isZero();
    }
}
