package dev.tapestry.training;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A text that a {@link BatchEngine} is continuing. What comes waits here until it is asked for; at
 * most as many steps as tokens were wanted, and one. To be closed: the text then leaves the queue
 * or the batch.
 */
public final class Ongoing implements AutoCloseable {

    private final Continuation continuation;
    private final BlockingQueue<Ongoing> waiting;
    private final BlockingQueue<Step> steps = new LinkedBlockingQueue<>();
    private volatile boolean cancelled;

    /** One that may stand in {@code waiting}. */
    Ongoing(Continuation continuation, BlockingQueue<Ongoing> waiting) {
        this.continuation = continuation;
        this.waiting = waiting;
    }

    Continuation continuation() {
        return continuation;
    }

    /** The next step, if it comes within {@code patience}. After the last one nothing comes. */
    public Optional<Step> next(Duration patience) throws InterruptedException {
        return Optional.ofNullable(steps.poll(patience.toNanos(), TimeUnit.NANOSECONDS));
    }

    /** The next step, whenever it comes. */
    public Step next() throws InterruptedException {
        return steps.take();
    }

    void put(Step step) {
        steps.add(step);
    }

    boolean isCancelled() {
        return cancelled;
    }

    /** Nobody wants more of it. */
    @Override
    public void close() {
        cancelled = true;
        waiting.remove(this);
    }
}
