package dev.tapestry.coordinator;

import io.helidon.common.socket.SocketOptions;
import io.helidon.webserver.CloseConnectionException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * Keeps connections few and moving, so that nobody who holds the door open keeps others out.
 *
 * <p>A connection is a <em>stranger</em> until a request on it has shown a certificate that the
 * gate lets in. There is room for so many strangers; with one more the oldest goes, of the address
 * that has most of them: who means to ask something does so within moments of connecting, and who
 * only occupies places is there longest. A member, and the steward, may have so many connections.
 * Whoever is too slow, in the handshake, with a request's head or with its body, is cut off: the
 * server itself does not watch a connection before its first request, and reads without end.
 *
 * <p>Thread-safe.
 */
final class Doorkeeper implements AutoCloseable {

    private static final System.Logger LOG = System.getLogger(Doorkeeper.class.getName());

    private final Limits limits;
    private final SequencedMap<SocketAddress, Visit> visits = new LinkedHashMap<>();
    private final Thread thread =
            Thread.ofPlatform().daemon().name("doorkeeper").unstarted(this::watch);

    /**
     * What a connection may take.
     *
     * @param strangers connections without a certificate that counts, of all together
     * @param perMember connections of one member, and so its requests under way
     * @param head from the connection's opening, or its last answer, to the whole head of a
     *     stranger's request; handshake included
     * @param idle the same for a member
     * @param grace what a body's reading may wait in all, before its rate counts
     * @param bytesPerSecond the least that must come of a body in each second of waiting after that
     * @param turn for how long a part waits for memory before it is to be sent again
     */
    record Limits(
            int strangers,
            int perMember,
            Duration head,
            Duration idle,
            Duration grace,
            long bytesPerSecond,
            Duration turn) {

        /**
         * Nodes keep a silent connection for 60 seconds, and have up to 64 parts under way in each
         * direction, besides their questions. A body that stands still for a minute they give up.
         */
        static final Limits USUAL =
                new Limits(
                        256,
                        160,
                        Duration.ofSeconds(15),
                        Duration.ofSeconds(90),
                        Duration.ofSeconds(30),
                        1024,
                        Duration.ofSeconds(20));

        private Duration round() {
            long shortest = Math.min(head.toMillis(), Math.min(idle.toMillis(), grace.toMillis()));
            return Duration.ofMillis(Math.clamp(shortest / 4, 10, 1000));
        }
    }

    Doorkeeper(Limits limits) {
        this.limits = limits;
        thread.start();
    }

    private void watch() {
        try {
            while (true) {
                Thread.sleep(limits.round());
                try {
                    sweep();
                } catch (RuntimeException e) {
                    LOG.log(System.Logger.Level.ERROR, "slow connections were not looked for", e);
                }
            }
        } catch (InterruptedException _) {
            // Closed.
        }
    }

    /** These options, and this doorkeeper is told of each connection that they are set on. */
    SocketOptions watching(SocketOptions options) {
        return new Watching(this, options);
    }

    /** A connection was opened; nothing has been read from it. */
    private void arrive(SocketChannel channel) {
        try {
            arrive(new Visit(channel));
        } catch (IOException e) {
            throw new UncheckedIOException("it left at once", e);
        }
    }

    private void arrive(Visit visit) {
        Optional<Visit> tooMany;
        synchronized (visits) {
            visits.put(visit.remote(), visit);
            tooMany = oneTooMany();
            tooMany.ifPresent(v -> visits.remove(v.remote(), v));
        }
        tooMany.ifPresent(Visit::close);
    }

    private Optional<Visit> oneTooMany() {
        List<Visit> strangers = strangers();
        if (strangers.size() > limits.strangers()) {
            visits.values().removeIf(visit -> !visit.isOpen());
            strangers = strangers();
        }
        return strangers.size() > limits.strangers() ? oldestOfMost(strangers) : Optional.empty();
    }

    private List<Visit> strangers() {
        return visits.values().stream().filter(visit -> visit.owner().isEmpty()).toList();
    }

    private static Optional<Visit> oldestOfMost(List<Visit> strangers) {
        Map<Optional<InetAddress>, Integer> counts = new HashMap<>();
        strangers.forEach(visit -> counts.merge(visit.host(), 1, Integer::sum));
        int most = counts.values().stream().max(Comparator.naturalOrder()).orElse(0);
        return strangers.stream()
                .filter(visit -> counts.getOrDefault(visit.host(), 0) == most)
                .findFirst();
    }

    /** A request's head has come on this connection. */
    Visit begin(SocketAddress remote) {
        synchronized (visits) {
            Visit visit = visits.get(remote);
            if (visit == null) {
                throw new CloseConnectionException("others need the place");
            }
            visit.begin();
            return visit;
        }
    }

    /**
     * The gate has let a request in.
     *
     * @param owner whose certificate it showed
     * @throws ApiRefusal {@code TOO_MANY_CONNECTIONS}: this owner has as many as it may, and all of
     *     them at work
     */
    void recognise(Visit visit, String owner) {
        if (visit.owner().isPresent()) {
            return;
        }
        synchronized (visits) {
            List<Visit> own =
                    visits.values().stream()
                            .filter(v -> v.isOpen() && v.owner().equals(Optional.of(owner)))
                            .toList();
            if (own.size() >= limits.perMember()) {
                Visit idle =
                        own.stream()
                                .filter(v -> !v.isBusy())
                                .findFirst()
                                .orElseThrow(() -> tooMany(owner, own));
                visits.remove(idle.remote(), idle);
                idle.close();
            }
            visit.belongsTo(owner);
        }
    }

    private static ApiRefusal tooMany(String owner, Collection<Visit> own) {
        return new ApiRefusal(
                ApiCode.TOO_MANY_CONNECTIONS,
                "%s has %d requests under way, which is the most; wait for one to end"
                        .formatted(owner, own.size()));
    }

    private void sweep() {
        List<Visit> slow;
        synchronized (visits) {
            visits.values().removeIf(visit -> !visit.isOpen());
            slow = visits.values().stream().filter(visit -> visit.isTooSlow(limits)).toList();
            slow.forEach(visit -> visits.remove(visit.remote(), visit));
        }
        for (Visit visit : slow) {
            LOG.log(
                    System.Logger.Level.DEBUG,
                    () -> "cut off for slowness: " + visit.remote() + " " + visit.owner());
            visit.close();
        }
    }

    /** Connections that are open. */
    int size() {
        synchronized (visits) {
            visits.values().removeIf(visit -> !visit.isOpen());
            return visits.size();
        }
    }

    @Override
    public void close() {
        thread.interrupt();
    }

    /** Other options with an eye on the connections: the one place where the server shows them. */
    private record Watching(Doorkeeper doorkeeper, SocketOptions options) implements SocketOptions {

        @Override
        public void configureSocket(Socket socket) {
            throw new UnsupportedOperationException("the server listens with channels");
        }

        @Override
        public void configureSocket(SocketChannel socket) {
            options.configureSocket(socket);
            doorkeeper.arrive(socket);
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
