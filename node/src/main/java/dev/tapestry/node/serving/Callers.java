package dev.tapestry.node.serving;

import io.helidon.common.socket.SocketOptions;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Cuts off whoever keeps the server waiting: a head or a body that does not come, an answer that is
 * not taken. Thread-safe.
 */
final class Callers implements AutoCloseable {

    private static final Duration GLANCE = Duration.ofSeconds(1);

    private final Duration patience;
    private final Map<SocketAddress, Caller> callers = new ConcurrentHashMap<>();
    private final Thread thread;

    /** A connection; the server waits for its other end since a moment, or does not. */
    private static final class Caller {
        private final SocketChannel channel;
        private volatile long waitingSince = System.nanoTime();
        private volatile boolean waiting = true;

        Caller(SocketChannel channel) {
            this.channel = channel;
        }

        void waits(boolean now) {
            waitingSince = System.nanoTime();
            waiting = now;
        }
    }

    /** Waits so long, and no longer. */
    Callers(Duration patience) {
        this.patience = patience;
        this.thread = Thread.ofVirtual().name("callers").start(this::watch);
    }

    /** A piece of work with a connection. */
    interface Work {
        /** Does it. */
        void run() throws IOException;
    }

    /** Reads or writes; the connection is cut if that takes too long. */
    void waitingFor(SocketAddress remote, Work work) throws IOException {
        Optional<Caller> caller = Optional.ofNullable(callers.get(remote));
        caller.ifPresent(one -> one.waits(true));
        try {
            work.run();
        } finally {
            caller.ifPresent(one -> one.waits(false));
        }
    }

    /** A request of the connection has come, and is at work until {@link #ended}. */
    void began(SocketAddress remote) {
        Optional.ofNullable(callers.get(remote)).ifPresent(one -> one.waits(false));
    }

    /** The next request may come. */
    void ended(SocketAddress remote) {
        Optional.ofNullable(callers.get(remote)).ifPresent(one -> one.waits(true));
    }

    /** The same options, with an eye on the connections. */
    SocketOptions watching(SocketOptions options) {
        return new Watching(this, options);
    }

    private void watch() {
        try {
            while (true) {
                Thread.sleep(GLANCE);
                long now = System.nanoTime();
                callers.values().stream()
                        .filter(caller ->
                                caller.waiting && now - caller.waitingSince > patience.toNanos())
                        .forEach(caller -> close(caller.channel));
                callers.values().removeIf(caller -> !caller.channel.isOpen());
            }
        } catch (InterruptedException _) {
            // closed
        }
    }

    private static void close(SocketChannel channel) {
        try {
            channel.close();
        } catch (IOException _) {
            // It is closed already.
        }
    }

    private void arrive(SocketChannel channel) {
        try {
            callers.put(channel.getRemoteAddress(), new Caller(channel));
        } catch (IOException _) {
            close(channel);
        }
    }

    @Override
    public void close() {
        thread.interrupt();
    }

    private record Watching(Callers callers, SocketOptions options) implements SocketOptions {

        @Override
        public void configureSocket(Socket socket) {
            throw new UnsupportedOperationException("the server listens with channels");
        }

        @Override
        public void configureSocket(SocketChannel socket) {
            options.configureSocket(socket);
            callers.arrive(socket);
        }

        @Override
        public Map<SocketOption<?>, Object> socketOptions() {
            return options.socketOptions();
        }

        @Override
        public Duration connectTimeout() {
            return options.connectTimeout();
        }

        @Override
        public Duration readTimeout() {
            return options.readTimeout();
        }

        @Override
        public Optional<Integer> socketReceiveBufferSize() {
            return options.socketReceiveBufferSize();
        }

        @Override
        public Optional<Integer> socketSendBufferSize() {
            return options.socketSendBufferSize();
        }

        @Override
        public boolean socketReuseAddress() {
            return options.socketReuseAddress();
        }

        @Override
        public boolean socketKeepAlive() {
            return options.socketKeepAlive();
        }

        @Override
        public boolean tcpNoDelay() {
            return options.tcpNoDelay();
        }
    }
}
