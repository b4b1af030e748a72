package dev.tapestry.node.egress;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Breaks replies off that have begun and then bring nothing for too long: the JDK's client bounds
 * the wait for an answer, not for its body.
 */
final class StallWatch implements AutoCloseable {

    private final Duration patience;
    private final Set<Watched> open = ConcurrentHashMap.newKeySet();
    private final ScheduledExecutorService watchman =
            Executors.newSingleThreadScheduledExecutor(
                    Thread.ofPlatform().daemon().name("stall-watch").factory());

    StallWatch(Duration patience) {
        this.patience = patience;
        long period = Math.max(1, patience.toMillis() / 4);
        var _ = watchman.scheduleWithFixedDelay(this::look, period, period, TimeUnit.MILLISECONDS);
    }

    Watched watch(InputStream in) {
        Watched watched = new Watched(in);
        open.add(watched);
        return watched;
    }

    private void look() {
        long now = System.nanoTime();
        for (Watched watched : open) {
            if (now - watched.lastProgress > patience.toNanos()) {
                watched.breakOff();
            }
        }
    }

    @Override
    public void close() {
        watchman.shutdownNow();
    }

    /** A reply under watch. */
    final class Watched extends FilterInputStream {
        private volatile long lastProgress = System.nanoTime();
        private volatile boolean stalled;

        private Watched(InputStream in) {
            super(in);
        }

        @Override
        public int read() throws IOException {
            int value = super.read();
            progress();
            return value;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            int read = super.read(buffer, offset, length);
            progress();
            return read;
        }

        private void progress() throws IOException {
            if (stalled) {
                throw new IOException("the reply stalled for " + patience.toSeconds() + " s");
            }
            lastProgress = System.nanoTime();
        }

        private void breakOff() {
            stalled = true;
            open.remove(this);
            try {
                in.close();
            } catch (IOException _) {
                // It is broken either way; the reader hears of it in its next read.
            }
        }

        @Override
        public void close() throws IOException {
            open.remove(this);
            super.close();
        }
    }
}
