package dev.tapestry.node;

import dev.tapestry.node.NodeException.Code;
import java.nio.channels.ClosedByInterruptException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Asks a node to stop: at once when it waits for the network, between two steps when it trains,
 * never in the middle of writing a file. Thread-safe.
 */
public final class StopSignal {

    private static final String ASKED = "the node was asked to stop";

    private boolean requested;
    private @Nullable NodeException reason;
    private @Nullable Thread waiting;
    private @Nullable Work current;

    /**
     * A piece of work that may turn out to be in vain while the node goes on. From its beginning to
     * its end {@link #check} and {@link #interruptibly} end it as they end a node that is to stop.
     */
    public final class Work implements AutoCloseable {

        private @Nullable NodeException vain;

        private Work() {}

        /** Ends the work with this reason, unless it has ended or was called off before. */
        public void callOff(NodeException why) {
            synchronized (StopSignal.this) {
                if (current == this && vain == null) {
                    vain = why;
                    wake();
                }
            }
        }

        /** The work is done, or has ended: what comes next is no part of it. */
        @Override
        public void close() {
            synchronized (StopSignal.this) {
                if (current == this) {
                    current = null;
                }
            }
        }
    }

    /** Begins a piece of work; there is one at a time. */
    public synchronized Work begin() {
        Work work = new Work();
        current = work;
        return work;
    }

    /** Asks; does not wait for the node's end. */
    public synchronized void request() {
        requested = true;
        wake();
    }

    private synchronized void wake() {
        if (waiting != null) {
            waiting.interrupt();
        }
    }

    /**
     * The same where nobody asked, but going on is in vain; whoever works ends with this reason.
     * What was asked for first counts.
     */
    public synchronized void end(NodeException why) {
        if (!requested) {
            reason = why;
            request();
        }
    }

    /**
     * Ends the work here if the node was asked to stop, or the work was called off.
     *
     * @throws NodeException {@code STOPPED}, or why going on is in vain
     */
    public synchronized void check() {
        if (isToEnd()) {
            throw stopped(null);
        }
    }

    /** Whether {@link #check} would end the work: for whoever must write something down first. */
    public synchronized boolean isToEnd() {
        return requested || calledOff() != null;
    }

    private synchronized @Nullable NodeException calledOff() {
        return current == null ? null : current.vain;
    }

    private synchronized NodeException stopped(@Nullable Throwable cause) {
        NodeException why = requested ? reason : calledOff();
        return why == null
                ? new NodeException(Code.STOPPED, ASKED, cause)
                : new NodeException(why.code(), String.valueOf(why.getMessage()), why);
    }

    /**
     * Does what may be broken off at any time.
     *
     * @throws NodeException as {@link #check}
     */
    public <T> T interruptibly(Supplier<T> work) {
        synchronized (this) {
            check();
            waiting = Thread.currentThread();
        }
        try {
            return work.get();
        } catch (RuntimeException e) {
            throw brokenOff(e) ? stopped(e) : e;
        } finally {
            synchronized (this) {
                waiting = null;
                // Whatever comes next writes files and must not be interrupted.
                Thread.interrupted();
            }
        }
    }

    /**
     * The same for what gives nothing back.
     *
     * @throws NodeException as {@link #check}
     */
    public void interruptibly(Runnable work) {
        interruptibly(() -> {
            work.run();
            return true;
        });
    }

    /**
     * A file that the interrupt closed is no fault of the disk, nor a wait that it ended of ours.
     */
    private synchronized boolean brokenOff(RuntimeException failure) {
        if (failure instanceof NodeException node && node.code() == Code.STOPPED) {
            return isToEnd();
        }
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof ClosedByInterruptException
                    || cause instanceof InterruptedException) {
                return isToEnd();
            }
        }
        return false;
    }
}
