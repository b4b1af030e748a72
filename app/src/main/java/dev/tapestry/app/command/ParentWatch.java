package dev.tapestry.app.command;

import java.io.IOException;
import java.time.Duration;

/** Ends a process whose parent has ended: its standard input, a pipe from there, then ends. */
final class ParentWatch {

    private static final Duration GRACE = Duration.ofSeconds(10);

    private ParentWatch() {}

    /** Calls {@code stop} at the end of standard input; a process that then goes on is ended. */
    static void watch(Runnable stop) {
        Thread.ofPlatform()
                .daemon()
                .name("parent")
                .start(() -> {
                    try {
                        while (System.in.read() >= 0) {
                            // nothing is said to it
                        }
                    } catch (IOException e) {
                        // the same as its end
                    }
                    stop.run();
                    try {
                        Thread.sleep(GRACE);
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                    Runtime.getRuntime().halt(ExitCode.INTERRUPTED.number());
                });
    }
}
