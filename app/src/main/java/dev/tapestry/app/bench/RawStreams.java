package dev.tapestry.app.bench;

import dev.tapestry.app.bench.BenchException.Code;
import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What parallel streams carry when nothing is asked of them: bytes from memory, that nobody hashes
 * or keeps, counted at the receiver from the first connection on and until its time is up. Plain or
 * with TLS, as the sockets are.
 */
final class RawStreams {

    private static final int CHUNK_BYTES = 256 << 10;
    private static final int PATIENCE_SECONDS = 60;

    /** In less, a stream may carry nothing yet, and nothing can be compared with it. */
    private static final Duration SHORTEST = Duration.ofSeconds(1);

    private final List<Socket> open = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();
    private final CountDownLatch first = new CountDownLatch(1);
    private final AtomicLong bytes = new AtomicLong();

    private RawStreams() {}

    /** Makes one connection, by asking or by being asked. */
    @FunctionalInterface
    interface Connection {
        /** A connected socket. */
        Socket make() throws IOException;
    }

    /** What a stream does. */
    @FunctionalInterface
    private interface Work {
        void on(Socket socket) throws IOException;
    }

    /**
     * What was received.
     *
     * @param bytes of all streams
     * @param nanos from the first connection on
     */
    record Carried(long bytes, long nanos) {
        double bitsPerSecond() {
            return bytes * 8e9 / nanos;
        }
    }

    /**
     * Receives over so many streams for so long, for a second at least and until there is
     * something, and then ends them.
     */
    static Carried receive(Connection connection, int streams, Duration time) {
        RawStreams raw = new RawStreams();
        raw.start(connection, streams, raw::count);
        try {
            if (!raw.first.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                throw new BenchException(Code.NETWORK, "no stream came about");
            }
            long begun = System.nanoTime();
            long nanos = Math.max(time.toNanos(), SHORTEST.toNanos());
            do {
                TimeUnit.NANOSECONDS.sleep(nanos);
            } while (raw.bytes.get() == 0
                    && System.nanoTime() - begun < TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS));
            if (raw.bytes.get() == 0) {
                throw new BenchException(Code.NETWORK, "raw streams carried nothing in a minute");
            }
            return new Carried(raw.bytes.get(), System.nanoTime() - begun);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BenchException(Code.STOPPED, "interrupted", e);
        } finally {
            raw.end();
        }
    }

    /** Sends over so many streams until the receiver ends them. */
    static void send(Connection connection, int streams) {
        RawStreams raw = new RawStreams();
        raw.start(connection, streams, RawStreams::fill);
        try {
            for (Thread thread : raw.threads) {
                thread.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BenchException(Code.STOPPED, "interrupted", e);
        } finally {
            raw.end();
        }
    }

    private void start(Connection connection, int streams, Work work) {
        for (int i = 0; i < streams; i++) {
            threads.add(
                    Thread.ofVirtual()
                            .start(() -> {
                                try {
                                    Socket socket = connection.make();
                                    synchronized (open) {
                                        open.add(socket);
                                    }
                                    first.countDown();
                                    work.on(socket);
                                } catch (IOException e) {
                                    // The receiver has ended it.
                                }
                            }));
        }
    }

    private void count(Socket socket) throws IOException {
        byte[] chunk = new byte[CHUNK_BYTES];
        for (int read; (read = socket.getInputStream().read(chunk)) >= 0; ) {
            bytes.addAndGet(read);
        }
    }

    private static void fill(Socket socket) throws IOException {
        byte[] chunk = new byte[CHUNK_BYTES];
        while (true) {
            socket.getOutputStream().write(chunk);
        }
    }

    private void end() {
        synchronized (open) {
            for (Socket socket : open) {
                try {
                    socket.close();
                } catch (IOException e) {
                    // It carries nothing more either way.
                }
            }
        }
    }
}
