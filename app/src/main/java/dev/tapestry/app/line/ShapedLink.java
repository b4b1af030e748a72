package dev.tapestry.app.line;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;

/**
 * A slow and distant line in front of a server: a relay of TCP connections that lets through so
 * many bits per second in each direction, all connections together, and delivers each byte half a
 * round trip late.
 *
 * <p>What it does not model: loss, and the slow start of a distant connection's window. Bytes pass
 * unchanged, so TLS goes through it from end to end.
 */
public final class ShapedLink implements AutoCloseable {

    private static final int CHUNK = 16 << 10;

    private final ServerSocket listener;
    private final InetSocketAddress target;
    private final long oneWayNanos;
    private final Lane up;
    private final Lane down;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();

    private ShapedLink(
            ServerSocket listener, InetSocketAddress target, long bitsPerSecond, Duration rtt) {
        this.listener = listener;
        this.target = target;
        this.oneWayNanos = rtt.toNanos() / 2;
        this.up = new Lane(bitsPerSecond);
        this.down = new Lane(bitsPerSecond);
    }

    /**
     * Opens a line to {@code target} on a free port of the loopback.
     *
     * @param bitsPerSecond of each direction
     * @param roundTrip added to the target's own
     */
    public static ShapedLink to(InetSocketAddress target, long bitsPerSecond, Duration roundTrip)
            throws IOException {
        ServerSocket listener = new ServerSocket(0, 64, InetAddress.getLoopbackAddress());
        ShapedLink link = new ShapedLink(listener, target, bitsPerSecond, roundTrip);
        Thread.ofVirtual().start(link::accept);
        return link;
    }

    /** Where clients connect instead of to the target. */
    public int port() {
        return listener.getLocalPort();
    }

    /** Bytes that clients have sent. */
    public long sent() {
        return up.bytes();
    }

    /** Bytes that clients have been sent. */
    public long received() {
        return down.bytes();
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket client = listener.accept();
                open.add(client);
                Thread.ofVirtual().start(() -> relay(client));
            } catch (IOException e) {
                return; // closed
            }
        }
    }

    private void relay(Socket client) {
        try (client;
                Socket server = new Socket()) {
            open.add(server);
            server.connect(target);
            server.setTcpNoDelay(true);
            client.setTcpNoDelay(true);
            Thread back = Thread.ofVirtual().start(() -> pump(server, client, down));
            pump(client, server, up);
            back.join();
        } catch (IOException e) {
            // The client sees its connection closed, as it would with any broken line.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            open.remove(client);
        }
    }

    /** Carries one direction until its end or until either side is gone. */
    private void pump(Socket from, Socket to, Lane lane) {
        BlockingQueue<Parcel> travelling = new LinkedBlockingQueue<>();
        Semaphore room = new Semaphore(lane.window(oneWayNanos));
        Thread delivery = Thread.ofVirtual().start(() -> deliver(travelling, room, to));
        try {
            InputStream in = from.getInputStream();
            byte[] buffer = new byte[CHUNK];
            for (int n = in.read(buffer); n >= 0 && delivery.isAlive(); n = in.read(buffer)) {
                room.acquire(n);
                long arrives = lane.passed(n) + oneWayNanos;
                travelling.add(new Parcel(ByteBuffer.wrap(Arrays.copyOf(buffer, n)), arrives));
            }
        } catch (IOException e) {
            // Ended by the other direction, or broken; what travels is still delivered.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        travelling.add(new Parcel(ByteBuffer.allocate(0), System.nanoTime() + oneWayNanos));
        try {
            delivery.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void deliver(BlockingQueue<Parcel> travelling, Semaphore room, Socket to) {
        try {
            OutputStream out = to.getOutputStream();
            for (Parcel parcel = travelling.take(); ; parcel = travelling.take()) {
                long wait = parcel.arrives() - System.nanoTime();
                if (wait > 0) {
                    Thread.sleep(Duration.ofNanos(wait));
                }
                if (!parcel.bytes().hasRemaining()) {
                    to.shutdownOutput();
                    return;
                }
                out.write(parcel.bytes().array());
                room.release(parcel.bytes().remaining());
            }
        } catch (IOException e) {
            room.release(Integer.MAX_VALUE / 2); // nobody waits for a receiver that is gone
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        for (Socket socket : open) {
            socket.close();
        }
    }

    /** Bytes on their way. */
    private record Parcel(ByteBuffer bytes, long arrives) {}

    /** One direction of the line, shared by all connections. */
    private static final class Lane {
        private static final long SECOND = 1_000_000_000L;

        private final long bitsPerSecond;
        private long freeAt = System.nanoTime();
        private long bytes;

        Lane(long bitsPerSecond) {
            this.bitsPerSecond = bitsPerSecond;
        }

        /** When the last of these bytes has left the sender's end. */
        synchronized long passed(int count) {
            bytes += count;
            freeAt = Math.max(freeAt, System.nanoTime()) + count * 8L * SECOND / bitsPerSecond;
            return freeAt;
        }

        synchronized long bytes() {
            return bytes;
        }

        /** Bytes that may travel at once: what the line holds, and a little more. */
        int window(long oneWayNanos) {
            double held = (double) bitsPerSecond / 8 * oneWayNanos / SECOND;
            return (int) Math.min(1 << 28, held) + 4 * CHUNK;
        }
    }
}
