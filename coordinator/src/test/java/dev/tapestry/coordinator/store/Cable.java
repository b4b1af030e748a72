package dev.tapestry.coordinator.store;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** A line between a client and a server on loopback, which a test can pull and plug. */
public final class Cable implements AutoCloseable {

    private final ServerSocket listening;
    private final int server;
    private final Set<Socket> ends = ConcurrentHashMap.newKeySet();
    private volatile boolean unplugged;
    private volatile List<String> awaited = List.of();
    private volatile boolean lost;

    private Cable(ServerSocket listening, int server) {
        this.listening = listening;
        this.server = server;
        Thread.ofVirtual().start(this::accept);
    }

    /** A cable that ends at a server's port. */
    public static Cable to(int server) throws IOException {
        return new Cable(new ServerSocket(0, 50, InetAddress.getLoopbackAddress()), server);
    }

    /** Where it begins. */
    public int port() {
        return listening.getLocalPort();
    }

    /** Breaks all connections and takes no new ones. */
    public void unplug() {
        unplugged = true;
        ends.forEach(Cable::close);
    }

    /** Takes connections again. */
    public void plug() {
        unplugged = false;
    }

    /**
     * Lets the next message with {@code last} through, after one with {@code before} on the same
     * connection, and breaks that connection before the answer.
     */
    void loseAnswerTo(String last, String before) {
        awaited = List.of(before, last);
    }

    /** Whether an answer was lost. */
    boolean lost() {
        return lost;
    }

    private void accept() {
        try {
            while (true) {
                Socket client = listening.accept();
                if (unplugged) {
                    close(client);
                    continue;
                }
                connect(client);
            }
        } catch (IOException _) {
            // closed
        }
    }

    /** A server that does not answer once costs this connection, not the cable. */
    private void connect(Socket client) {
        try {
            Socket behind = new Socket(InetAddress.getLoopbackAddress(), server);
            ends.add(client);
            ends.add(behind);
            Answers answers = new Answers();
            Thread.ofVirtual().start(() -> questions(client, behind, answers));
            Thread.ofVirtual().start(() -> answers(behind, client, answers));
            if (unplugged) { // meanwhile
                close(client);
                close(behind);
            }
        } catch (IOException _) {
            close(client);
        }
    }

    /** Whether what the server says still reaches the client. */
    private static final class Answers {
        private volatile boolean broken;
    }

    private void questions(Socket from, Socket to, Answers answers) {
        byte[] buffer = new byte[1 << 16];
        try (InputStream in = from.getInputStream();
                OutputStream out = to.getOutputStream()) {
            boolean begun = false;
            for (int read; (read = in.read(buffer)) > 0; ) {
                String text = new String(buffer, 0, read, ISO_8859_1);
                List<String> words = awaited;
                begun |= !words.isEmpty() && text.contains(words.getFirst());
                if (begun && text.contains(words.getLast())) {
                    answers.broken = true;
                    awaited = List.of();
                }
                out.write(buffer, 0, read);
            }
        } catch (IOException _) {
            // one of the two is gone
        }
    }

    private void answers(Socket from, Socket to, Answers answers) {
        byte[] buffer = new byte[1 << 16];
        try (InputStream in = from.getInputStream();
                OutputStream out = to.getOutputStream()) {
            for (int read; (read = in.read(buffer)) > 0; ) {
                if (answers.broken) {
                    lost = true;
                    return;
                }
                out.write(buffer, 0, read);
            }
        } catch (IOException _) {
            // one of the two is gone
        } finally {
            close(from);
            close(to);
            ends.remove(from);
            ends.remove(to);
        }
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException _) {
            // it is gone then
        }
    }

    @Override
    public void close() throws IOException {
        listening.close();
        ends.forEach(Cable::close);
    }
}
