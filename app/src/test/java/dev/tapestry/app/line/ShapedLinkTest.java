package dev.tapestry.app.line;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class ShapedLinkTest {

    private static final long FAST = 1_000_000_000;

    @Test
    void bytes_pass_unchanged_both_ways_and_are_counted() throws Exception {
        byte[] question = random(700_001);
        byte[] answer = random(300_007);
        try (ServerSocket server = server();
                ShapedLink link = ShapedLink.to(address(server), FAST, Duration.ofMillis(20))) {
            CompletableFuture<byte[]> heard =
                    CompletableFuture.supplyAsync(() -> answering(server, answer));
            try (Socket client = new Socket(InetAddress.getLoopbackAddress(), link.port())) {
                client.getOutputStream().write(question);
                client.shutdownOutput();

                assertThat(client.getInputStream().readAllBytes()).isEqualTo(answer);
            }
            assertThat(heard.get(1, TimeUnit.MINUTES)).isEqualTo(question);
            assertThat(link.sent()).isEqualTo(question.length);
            assertThat(link.received()).isEqualTo(answer.length);
        }
    }

    @Test
    void a_server_that_is_not_there_closes_the_connection() throws IOException {
        InetSocketAddress nobody = new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);
        try (ShapedLink link = ShapedLink.to(nobody, FAST, Duration.ZERO);
                Socket client = new Socket(InetAddress.getLoopbackAddress(), link.port())) {
            assertThat(client.getInputStream().read()).isEqualTo(-1);
        }
    }

    @Test
    void closing_the_line_ends_the_connections_that_it_carries() throws Exception {
        try (ServerSocket server = server()) {
            ShapedLink link = ShapedLink.to(address(server), FAST, Duration.ZERO);
            try (Socket client = new Socket(InetAddress.getLoopbackAddress(), link.port());
                    Socket accepted = server.accept()) {
                client.getOutputStream().write(1);
                assertThat(accepted.getInputStream().read()).isEqualTo(1);

                link.close();

                assertThat(accepted.getInputStream().read()).isEqualTo(-1);
            }
        }
    }

    private static byte[] answering(ServerSocket server, byte[] answer) {
        try (Socket socket = server.accept()) {
            byte[] heard = socket.getInputStream().readAllBytes();
            socket.getOutputStream().write(answer);
            return heard;
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static ServerSocket server() throws IOException {
        return new ServerSocket(0, 4, InetAddress.getLoopbackAddress());
    }

    private static InetSocketAddress address(ServerSocket server) {
        return new InetSocketAddress(server.getInetAddress(), server.getLocalPort());
    }

    private static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }
}
