package dev.tapestry.node;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;

/** An HTTP proxy that opens tunnels, on real sockets, and counts what it carries. */
final class ConnectProxy implements AutoCloseable {

    /** What it answers to every wish; empty for opening tunnels. */
    volatile Optional<String> answer = Optional.empty();

    /** {@code user:password} that it asks for. */
    volatile Optional<String> login = Optional.empty();

    /** Where tunnels lead in truth, whatever was asked for. */
    volatile Optional<InetSocketAddress> detour = Optional.empty();

    /** Each tunnel is cut once so many bytes have gone up it; for ever longer tunnels. */
    final AtomicLong cutAfter = new AtomicLong(Long.MAX_VALUE);

    /** The first line of each wish. */
    final List<String> wishes = new CopyOnWriteArrayList<>();

    /** The ports from which it called servers. */
    final Set<Integer> ways = ConcurrentHashMap.newKeySet();

    final AtomicLong up = new AtomicLong();
    final AtomicLong down = new AtomicLong();
    final AtomicLong cuts = new AtomicLong();

    private final ServerSocket listener;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();

    ConnectProxy() throws IOException {
        listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.startVirtualThread(this::listen);
    }

    private void listen() {
        try {
            while (true) {
                Socket client = listener.accept();
                Thread.startVirtualThread(() -> serve(client));
            }
        } catch (IOException e) {
            // closed
        }
    }

    String address() {
        return "http://127.0.0.1:" + listener.getLocalPort();
    }

    private void serve(Socket client) {
        open.add(client);
        try (client) {
            String head = head(client.getInputStream());
            wishes.add(head.lines().findFirst().orElse(""));
            Optional<String> refusal = answer.or(() -> stranger(head));
            if (refusal.isPresent()) {
                say(client, refusal.get());
                return;
            }
            URI target = URI.create("tcp://" + head.replaceFirst("(?s)^CONNECT (\\S+) .*", "$1"));
            try (Socket server = new Socket()) {
                open.add(server);
                server.connect(
                        detour.orElseGet(
                                () -> new InetSocketAddress(target.getHost(), target.getPort())));
                ways.add(server.getLocalPort());
                say(client, "HTTP/1.1 200 Connection established\r\nVia: 1.1 fixture");
                Thread.startVirtualThread(() -> pump(server, client, down, Long.MAX_VALUE));
                pump(client, server, up, cutAfter.get());
            }
        } catch (IOException e) {
            // One of both ends has closed it.
        } finally {
            open.remove(client);
        }
    }

    private Optional<String> stranger(String head) {
        return login.filter(known ->
                        !head.contains(
                                "Proxy-Authorization: Basic "
                                        + Base64.getEncoder()
                                                .encodeToString(
                                                        known.getBytes(StandardCharsets.UTF_8))))
                .map(_ ->
                        "HTTP/1.1 407 Proxy Authentication Required\r\n"
                                + "Proxy-Authenticate: Basic realm=\"site\"\r\nContent-Length: 0");
    }

    private static void say(Socket client, String head) throws IOException {
        client.getOutputStream().write((head + "\r\n\r\n").getBytes(StandardCharsets.ISO_8859_1));
    }

    private static String head(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int next = in.read();
            if (next < 0) {
                throw new IOException("no whole head: " + head);
            }
            head.append((char) next);
        }
        return head.toString();
    }

    private void pump(Socket from, Socket to, AtomicLong count, long most) {
        byte[] buffer = new byte[8192];
        long carried = 0;
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                carried += read;
                count.addAndGet(read);
                if (carried > most) {
                    // The next one may go on for longer, or nothing would ever arrive.
                    cutAfter.updateAndGet(bytes -> bytes * 2);
                    cuts.incrementAndGet();
                    break;
                }
                out.write(buffer, 0, read);
            }
        } catch (IOException e) {
            // One of both ends has closed it.
        } finally {
            end(from);
            end(to);
        }
    }

    private static void end(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            // It had ended.
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
