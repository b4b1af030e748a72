package dev.tapestry.app.line;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * A line in front of a server that breaks when it is told to: a relay of TCP connections that cuts
 * them, stands still, lets nobody in, or changes a byte. Thread-safe.
 */
public final class FaultyLine implements AutoCloseable {

    private static final int CHUNK = 16 << 10;

    private final ServerSocket listener;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private volatile InetSocketAddress target;
    private volatile boolean refusing;
    private volatile long stillUntil;
    private Trouble trouble = Trouble.NONE;
    private long bytesLeft;

    /** What happens to the connections once so many bytes have passed. */
    public enum Trouble {
        NONE,
        /** All are cut. */
        CUT,
        /** The byte arrives changed. */
        FLIP,
        /** Nothing passes for two seconds. */
        STALL
    }

    private FaultyLine(ServerSocket listener, InetSocketAddress target) {
        this.listener = listener;
        this.target = target;
    }

    /** Opens a line to {@code target} on a free port of the loopback. */
    public static FaultyLine to(InetSocketAddress target) throws IOException {
        ServerSocket listener = new ServerSocket(0, 64, InetAddress.getLoopbackAddress());
        FaultyLine line = new FaultyLine(listener, target);
        Thread.ofVirtual().start(line::accept);
        return line;
    }

    /** Where clients connect instead of to the target. */
    public int port() {
        return listener.getLocalPort();
    }

    /** Plans trouble after so many bytes, of all connections and both directions together. */
    public synchronized void plan(Trouble next, long bytes) {
        trouble = next;
        bytesLeft = bytes;
    }

    /** Whether the trouble that was planned last has come. */
    public synchronized boolean hasCome() {
        return trouble == Trouble.NONE;
    }

    /** Lets nobody in, and those out who are in; or lets them in again. */
    public void refuse(boolean now) {
        refusing = now;
        if (now) {
            cut();
        }
    }

    /** Leads new connections elsewhere, such as to a slow line, and cuts those that are open. */
    public void lead(InetSocketAddress elsewhere) {
        target = elsewhere;
        cut();
    }

    private void cut() {
        for (Socket socket : open) {
            close(socket);
        }
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket client = listener.accept();
                if (refusing) {
                    close(client);
                } else {
                    open.add(client);
                    Thread.ofVirtual().start(() -> relay(client));
                }
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
            Thread back = Thread.ofVirtual().start(() -> pump(server, client));
            pump(client, server);
            back.join();
            open.remove(server);
        } catch (IOException e) {
            // The client sees its connection closed, as it would with any broken line.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            open.remove(client);
        }
    }

    private void pump(Socket from, Socket to) {
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            byte[] buffer = new byte[CHUNK];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                pass(buffer, n);
                long still = stillUntil - System.nanoTime();
                if (still > 0) {
                    TimeUnit.NANOSECONDS.sleep(still);
                }
                out.write(buffer, 0, n);
            }
            to.shutdownOutput();
        } catch (IOException e) {
            close(from);
            close(to);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized void pass(byte[] bytes, int length) {
        bytesLeft -= length;
        if (bytesLeft > 0) {
            return;
        }
        Trouble now = trouble;
        trouble = Trouble.NONE;
        switch (now) {
            case NONE -> {}
            case CUT -> cut();
            case FLIP -> bytes[(int) Math.max(0, length - 1 + bytesLeft)] ^= 1;
            case STALL -> stillUntil = System.nanoTime() + Duration.ofSeconds(2).toNanos();
        }
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            // It is gone in any case.
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        cut();
    }
}
