package dev.tapestry.app.bench;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A relay of TCP connections that cuts all of them, without a farewell, when so many bytes have
 * passed in a direction: in the middle of a record, of a head, of a part, wherever that is.
 */
final class CuttingLine implements AutoCloseable {

    private final ServerSocket listener;
    private final InetSocketAddress target;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final Way up = new Way();
    private final Way down = new Way();

    CuttingLine(InetSocketAddress target) throws IOException {
        this.target = target;
        listener = new ServerSocket(0, 64, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(this::accept);
    }

    int port() {
        return listener.getLocalPort();
    }

    Way up() {
        return up;
    }

    Way down() {
        return down;
    }

    /** One direction of all connections. */
    static final class Way {
        private final Deque<Long> cuts = new ArrayDeque<>();
        private long bytes;
        private int done;

        /** Cuts once more, so many bytes after the cut before it, or after now. */
        synchronized void cutAfter(long distance) {
            cuts.add((cuts.isEmpty() ? bytes : cuts.getLast()) + distance);
        }

        /** How many of these bytes may pass; fewer than all means to cut. */
        synchronized int pass(int count) {
            if (!cuts.isEmpty() && bytes + count >= cuts.getFirst()) {
                int before = (int) Math.max(0, cuts.removeFirst() - bytes);
                bytes += before;
                done++;
                return before;
            }
            bytes += count;
            return count;
        }

        synchronized long bytes() {
            return bytes;
        }

        synchronized int done() {
            return done;
        }
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket client = listener.accept();
                Thread.ofVirtual().start(() -> relay(client));
            } catch (IOException e) {
                return; // closed
            }
        }
    }

    private void relay(Socket client) {
        try (client;
                Socket server = new Socket(target.getAddress(), target.getPort())) {
            open.add(client);
            open.add(server);
            Thread back = Thread.ofVirtual().start(() -> pump(server, client, down));
            pump(client, server, up);
            back.join();
        } catch (IOException e) {
            // The client sees its connection closed.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            open.removeIf(Socket::isClosed);
        }
    }

    private void pump(Socket from, Socket to, Way way) {
        byte[] buffer = new byte[16 << 10];
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int read; (read = in.read(buffer)) >= 0; ) {
                int passing = way.pass(read);
                out.write(buffer, 0, passing);
                if (passing < read) {
                    cut();
                }
            }
            to.shutdownOutput();
        } catch (IOException e) {
            // cut
        }
    }

    private synchronized void cut() throws IOException {
        for (Socket socket : List.copyOf(open)) {
            if (open.remove(socket) && !socket.isClosed()) {
                // A reset, as of a line that is gone: no end of the stream.
                socket.setOption(StandardSocketOptions.SO_LINGER, 0);
                socket.close();
            }
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        for (Socket socket : open) {
            socket.close();
        }
    }
}
