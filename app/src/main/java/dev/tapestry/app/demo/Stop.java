package dev.tapestry.app.demo;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Whether the demo was asked to stop. An interrupt from the keyboard reaches the programs that it
 * started as well, often before this process hears of it: who ended by a signal is therefore not
 * missed before it is sure that the signal was meant for that program alone. Thread-safe.
 */
final class Stop {

    /** How a program ends by an interrupt and by a termination; services end well by the latter. */
    private static final Set<Integer> BY_SIGNAL = Set.of(130, 143, 0);

    /** For one signal to arrive everywhere, on a machine that is busy. */
    private static final Duration SAME_SIGNAL = Duration.ofSeconds(5);

    private final CountDownLatch asked = new CountDownLatch(1);
    private final Thread worker;

    /** Nobody has asked yet; {@code worker} is interrupted when somebody does. */
    Stop(Thread worker) {
        this.worker = worker;
    }

    /** The demo is to stop. */
    void ask() {
        asked.countDown();
        worker.interrupt();
    }

    /** Whether somebody has asked. */
    boolean isAsked() {
        return asked.getCount() == 0;
    }

    /**
     * Goes on only while nobody has asked.
     *
     * @throws CancellationException somebody has
     */
    void check() {
        if (isAsked()) {
            throw new CancellationException("the demo was asked to stop");
        }
    }

    /**
     * The same after a program has ended: if a signal ended it, waits for the same one to come.
     *
     * @throws CancellationException it came
     */
    void checkAfter(int exitCode) throws InterruptedException {
        if (BY_SIGNAL.contains(exitCode)) {
            boolean _ = asked.await(SAME_SIGNAL.toMillis(), TimeUnit.MILLISECONDS);
        }
        check();
    }
}
