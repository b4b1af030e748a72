package dev.tapestry.node.egress;

import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Several messages at a time, as many as the line needs; the first failure ends the others. */
final class Streams {

    /** New streams have so long to shake hands and open their windows before they are judged. */
    private static final Duration OPENING = Duration.ofSeconds(2);

    /** So long their rate is measured. */
    private static final Duration MEASURING = Duration.ofSeconds(2);

    private final EgressGate gate;
    private final StreamWidth width;

    /**
     * Streams through a gate.
     *
     * @param most at once
     */
    Streams(EgressGate gate, int most) {
        this.gate = gate;
        this.width = new StreamWidth(most);
    }

    /** How many were under way at once in the latest transfer. */
    int latest() {
        return width.latest();
    }

    /** Runs all tasks, several at a time, and returns when all are done. */
    void run(List<Runnable> tasks) {
        Queue<Runnable> waiting = new ConcurrentLinkedQueue<>(tasks);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            StreamWidth.Climb climb = width.of(tasks.size(), gate.roundTrip());
            Run run = new Run(climb, waiting, new ExecutorCompletionService<>(threads));
            try {
                run.untilDone();
            } catch (ExecutionException e) {
                waiting.clear();
                threads.shutdownNow();
                throw failure(e);
            } catch (InterruptedException e) {
                waiting.clear();
                threads.shutdownNow();
                Thread.currentThread().interrupt();
                throw new NodeException(Code.STOPPED, "the node was asked to stop", e);
            }
        }
    }

    /** One transfer: streams that take a task after the other. */
    private final class Run {
        private final StreamWidth.Climb climb;
        private final Queue<Runnable> waiting;
        private final ExecutorCompletionService<Void> streams;
        private final AtomicInteger open = new AtomicInteger();
        private volatile int wanted;
        private int started;

        Run(
                StreamWidth.Climb climb,
                Queue<Runnable> waiting,
                ExecutorCompletionService<Void> streams) {
            this.climb = climb;
            this.waiting = waiting;
            this.streams = streams;
            become(climb.width());
        }

        private void become(int width) {
            wanted = width;
            int more = Math.min(wanted - open.get(), waiting.size());
            for (int i = 0; i < more; i++) {
                open.incrementAndGet();
                started++;
                streams.submit(this::work, null);
            }
        }

        private void work() {
            Runnable task = waiting.poll();
            while (task != null) {
                task.run();
                // One too many ends where others go on: a part is never broken off for it.
                int most = wanted; // once: between two readings it could change
                if (open.getAndUpdate(now -> now > most ? now - 1 : now) > most) {
                    return;
                }
                task = waiting.poll();
            }
            open.decrementAndGet();
        }

        void untilDone() throws InterruptedException, ExecutionException {
            while (started > 0) {
                if (!passed(OPENING)) {
                    continue;
                }
                long begun = System.nanoTime();
                long moved = gate.moved();
                if (passed(MEASURING)) {
                    double seconds = (System.nanoTime() - begun) / 1e9;
                    become(climb.after((gate.moved() - moved) / seconds, waiting.size()));
                }
            }
        }

        /** Whether so much time has passed before a stream ended. */
        private boolean passed(Duration time) throws InterruptedException, ExecutionException {
            Future<Void> ended = streams.poll(time.toNanos(), TimeUnit.NANOSECONDS);
            if (ended == null) {
                return true;
            }
            started--;
            ended.get();
            return false;
        }
    }

    private static RuntimeException failure(ExecutionException e) {
        return switch (e.getCause()) {
            case RuntimeException known -> known;
            case Error error -> throw error;
            case null, default -> new IllegalStateException(e);
        };
    }
}
