package dev.tapestry.node.egress;

import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Several messages at a time; the first failure ends the others. */
final class Streams {

    private Streams() {}

    /** Runs all tasks, {@code width} at a time, and returns when all are done. */
    static void run(int width, List<Runnable> tasks) {
        try (ExecutorService threads =
                Executors.newFixedThreadPool(
                        Math.max(1, Math.min(width, tasks.size())), Thread.ofVirtual().factory())) {
            List<Future<?>> running = new ArrayList<>();
            tasks.forEach(task -> running.add(threads.submit(task)));
            try {
                for (Future<?> future : running) {
                    future.get();
                }
            } catch (ExecutionException e) {
                threads.shutdownNow();
                throw failure(e);
            } catch (InterruptedException e) {
                threads.shutdownNow();
                Thread.currentThread().interrupt();
                throw new NodeException(Code.STOPPED, "the node was asked to stop", e);
            }
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
