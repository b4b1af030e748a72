package dev.tapestry.app.command;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Ends a process whose parent has ended: its standard input, a pipe from there, then ends. */
final class ParentWatch {

    private static final Duration GRACE = Duration.ofSeconds(10);

    /** A parent that stops leaves the group before it lets go of its workers. */
    private static final Duration FAREWELL = Duration.ofSeconds(10);

    private final CountDownLatch ended = new CountDownLatch(1);

    private ParentWatch() {}

    /** Calls {@code stop} at the end of standard input; a process that then goes on is ended. */
    static ParentWatch watch(Runnable stop) {
        ParentWatch watch = new ParentWatch();
        Thread.ofPlatform().daemon().name("parent").start(() -> watch.run(stop));
        return watch;
    }

    private void run(Runnable stop) {
        try {
            while (System.in.read() >= 0) {
                // nothing is said to it
            }
        } catch (IOException e) {
            // the same as its end
        }
        ended.countDown();
        stop.run();
        try {
            Thread.sleep(GRACE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        Runtime.getRuntime().halt(ExitCode.INTERRUPTED.number());
    }

    /**
     * Whether the parent has ended, or lets go of this process within ten seconds: whatever went
     * wrong here then followed from that, or is told by the parent.
     */
    boolean endsSoon() {
        try {
            return ended.await(FAREWELL.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
