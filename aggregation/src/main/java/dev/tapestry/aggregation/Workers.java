package dev.tapestry.aggregation;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/** Some threads that share a list of tasks; which thread does which task never matters. */
final class Workers {

    private final int threads;

    Workers(int threads) {
        if (threads < 1) {
            throw new AggregationException(
                    AggregationException.Code.INVALID_ORDER,
                    "a merge needs at least 1 thread, not " + threads);
        }
        this.threads = threads;
    }

    /** How many work at the same time, at most. */
    int threads() {
        return threads;
    }

    /** One task; {@code desk} belongs to the thread that does it. */
    interface Task<D> {
        void run(D desk, int index);
    }

    /** Does the tasks 0 to {@code count} − 1, each once, and returns when all are done. */
    <D> void each(int count, Supplier<D> desks, Task<D> task) {
        int hands = Math.min(threads, count);
        if (hands <= 1) {
            D desk = desks.get();
            for (int index = 0; index < count; index++) {
                task.run(desk, index);
            }
            return;
        }
        AtomicInteger next = new AtomicInteger();
        Callable<Boolean> hand =
                () -> {
                    D desk = desks.get();
                    for (int index; (index = next.getAndIncrement()) < count; ) {
                        task.run(desk, index);
                    }
                    return true;
                };
        try (ExecutorService pool = Executors.newFixedThreadPool(hands)) {
            List<Callable<Boolean>> all = new ArrayList<>();
            for (int i = 0; i < hands; i++) {
                all.add(hand);
            }
            for (Future<Boolean> done : pool.invokeAll(all)) {
                done.get();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AggregationException(
                    AggregationException.Code.IO, "the merge was interrupted", e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException failure) {
                throw failure;
            }
            throw new AggregationException(
                    AggregationException.Code.IO, "a thread of the merge failed", e);
        }
    }
}
