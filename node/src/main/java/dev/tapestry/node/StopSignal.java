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

    /** Asks; does not wait for the node's end. */
    public synchronized void request() {
        requested = true;
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
     * Ends the work here if the node was asked to stop.
     *
     * @throws NodeException {@code STOPPED}, or why going on is in vain
     */
    public synchronized void check() {
        if (requested) {
            throw stopped(null);
        }
    }

    private synchronized NodeException stopped(@Nullable Throwable cause) {
        NodeException why = reason;
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

    /** A file that the interrupt closed is no fault of the disk. */
    private synchronized boolean brokenOff(RuntimeException failure) {
        if (failure instanceof NodeException node && node.code() == Code.STOPPED) {
            return requested;
        }
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof ClosedByInterruptException) {
                return requested;
            }
        }
        return false;
    }
}
