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
    private @Nullable Thread waiting;

    /** Asks; does not wait for the node's end. */
    public synchronized void request() {
        requested = true;
        if (waiting != null) {
            waiting.interrupt();
        }
    }

    /**
     * Ends the work here if the node was asked to stop.
     *
     * @throws NodeException {@code STOPPED}
     */
    public synchronized void check() {
        if (requested) {
            throw new NodeException(Code.STOPPED, ASKED);
        }
    }

    /**
     * Does what may be broken off at any time.
     *
     * @throws NodeException {@code STOPPED}
     */
    public <T> T interruptibly(Supplier<T> work) {
        synchronized (this) {
            check();
            waiting = Thread.currentThread();
        }
        try {
            return work.get();
        } catch (RuntimeException e) {
            throw brokenOff(e) ? new NodeException(Code.STOPPED, ASKED, e) : e;
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
     * @throws NodeException {@code STOPPED}
     */
    public void interruptibly(Runnable work) {
        interruptibly(() -> {
            work.run();
            return true;
        });
    }

    /** A file that the interrupt closed is no fault of the disk. */
    private synchronized boolean brokenOff(RuntimeException failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof ClosedByInterruptException) {
                return requested;
            }
        }
        return false;
    }
}
