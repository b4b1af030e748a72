package dev.tapestry.coordinator;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Optional;

/**
 * One connection as the {@link Doorkeeper} sees it: whose it is, and whether it keeps the
 * coordinator waiting. Thread-safe.
 */
final class Visit {

    private final SocketChannel channel;
    private final SocketAddress remote;
    private Optional<String> owner = Optional.empty();
    private boolean busy;
    private boolean receiving;
    private boolean sending;
    private boolean leaving;
    private long since = System.nanoTime();
    private long waited;
    private long moved;

    Visit(SocketChannel channel) throws IOException {
        this.channel = channel;
        this.remote = channel.getRemoteAddress();
    }

    /** Address and port of the other end. */
    SocketAddress remote() {
        return remote;
    }

    /** The machine at the other end, or what stands before it. */
    Optional<InetAddress> host() {
        return remote instanceof InetSocketAddress internet
                ? Optional.ofNullable(internet.getAddress())
                : Optional.empty();
    }

    boolean isOpen() {
        return channel.isOpen();
    }

    /** Ends it, whatever it is doing. */
    void close() {
        try {
            channel.close();
        } catch (IOException _) {
            // Then it is closed already.
        }
    }

    /** Whose certificate a request on it has shown; empty for a stranger. */
    synchronized Optional<String> owner() {
        return owner;
    }

    synchronized void belongsTo(String name) {
        owner = Optional.of(name);
    }

    /** A request's head has come whole. */
    synchronized void begin() {
        busy = true;
        waited = 0;
        moved = 0;
    }

    /** It was answered; what counts from here is how long the next head takes. */
    synchronized void end() {
        busy = false;
        receiving = false;
        sending = false;
        since = System.nanoTime();
    }

    /** It has had its last answer; some time is left to read it, for closing could destroy it. */
    synchronized void leave() {
        leaving = true;
    }

    synchronized boolean isBusy() {
        return busy;
    }

    /** The coordinator waits for more of the body. */
    synchronized void awaitBody() {
        receiving = true;
        since = System.nanoTime();
    }

    /** So many bytes of it came; only the waiting counts, not what is done with them. */
    synchronized void receive(int bytes) {
        waited += System.nanoTime() - since;
        receiving = false;
        moved += Math.max(0, bytes);
    }

    /** The coordinator waits for the other end to take more of the answer. */
    synchronized void awaitSending() {
        sending = true;
        since = System.nanoTime();
    }

    /** So many bytes of it went; only the waiting counts, not what is done between. */
    synchronized void sent(int bytes) {
        waited += System.nanoTime() - since;
        sending = false;
        moved += bytes;
    }

    /** Whether a body is under way, and the other end's turn. */
    synchronized boolean isReceiving() {
        return receiving;
    }

    /**
     * Whether it has had its time: for a head, between two requests, or for what came of a body or
     * went of an answer.
     */
    synchronized boolean isTooSlow(Doorkeeper.Limits limits) {
        long now = System.nanoTime() - since;
        if (!busy) {
            boolean trusted = owner.isPresent() && !leaving;
            return now > (trusted ? limits.idle() : limits.head()).toNanos();
        }
        long late = (receiving || sending ? waited + now : waited) - limits.grace().toNanos();
        return late > 0
                && moved < limits.bytesPerSecond() * (late / Duration.ofSeconds(1).toNanos() + 1);
    }
}
