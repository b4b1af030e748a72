package dev.tapestry.weights.codec;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Does tasks on several threads and takes their results in the order of the tasks, with two workers
 * per thread at most: memory does not grow with the number of tasks.
 */
final class OrderedWork {

    private OrderedWork() {}

    /**
     * Has {@code work} done by some worker for each task; {@code inOrder} then takes the worker, on
     * this thread, when those of all tasks before were taken. The first failure in that order is
     * thrown, when no thread works any more.
     *
     * @param newWorker makes the scratch memory that one task at a time uses
     */
    static <T, W> void run(
            Iterable<T> tasks,
            int threads,
            Supplier<W> newWorker,
            BiConsumer<W, T> work,
            Consumer<W> inOrder) {
        Deque<W> free = new ArrayDeque<>();
        Deque<Future<W>> pending = new ArrayDeque<>();
        try (ExecutorService executor = Executors.newFixedThreadPool(threads)) {
            try {
                for (T task : tasks) {
                    if (pending.size() == 2 * threads) {
                        W done = take(pending);
                        inOrder.accept(done);
                        free.addLast(done);
                    }
                    W worker = free.isEmpty() ? newWorker.get() : free.removeFirst();
                    pending.addLast(
                            executor.submit(() -> {
                                work.accept(worker, task);
                                return worker;
                            }));
                }
                while (!pending.isEmpty()) {
                    inOrder.accept(take(pending));
                }
            } catch (RuntimeException e) {
                executor.shutdownNow();
                throw e;
            }
        }
    }

    private static <W> W take(Deque<Future<W>> pending) {
        try {
            return pending.removeFirst().get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while groups are coded", e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException("a group could not be coded", e);
        }
    }
}
