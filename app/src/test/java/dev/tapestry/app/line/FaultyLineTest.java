package dev.tapestry.app.line;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.app.line.FaultyLine.Trouble;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
final class FaultyLineTest {

    private static final int BYTES = 300_000;

    private ServerSocket server;
    private FaultyLine line;

    @BeforeEach
    void open() throws IOException {
        server = new ServerSocket(0, 8, InetAddress.getLoopbackAddress());
        line = FaultyLine.to(address(server));
    }

    @AfterEach
    void close() throws IOException {
        line.close();
        server.close();
    }

    private static InetSocketAddress address(ServerSocket server) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), server.getLocalPort());
    }

    /** What arrives of so many zeros, until the connection ends. */
    private byte[] sendThrough(FaultyLine through) throws IOException {
        CompletableFuture<byte[]> arrived = CompletableFuture.supplyAsync(this::receive);
        try (Socket client = new Socket(InetAddress.getLoopbackAddress(), through.port())) {
            client.getOutputStream().write(new byte[BYTES]);
            client.shutdownOutput();
            client.getInputStream().read();
        } catch (IOException cut) {
            // That is what is looked for.
        }
        return arrived.orTimeout(1, TimeUnit.MINUTES).join();
    }

    private byte[] receive() {
        try (Socket socket = server.accept()) {
            java.io.ByteArrayOutputStream all = new java.io.ByteArrayOutputStream();
            try {
                socket.getInputStream().transferTo(all);
            } catch (IOException cut) {
                // What came before is what arrived.
            }
            return all.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void bytes_pass_until_the_line_is_cut_and_again_after_that() throws IOException {
        line.plan(Trouble.CUT, 100_000);
        assertThat(sendThrough(line).length).isLessThan(BYTES);
        assertThat(line.hasCome()).isTrue();
        assertThat(sendThrough(line)).isEqualTo(new byte[BYTES]);
    }

    @Test
    void one_byte_is_changed_at_its_place() throws IOException {
        line.plan(Trouble.FLIP, 100_000);
        byte[] right = new byte[BYTES];
        right[99_999] = 1;
        assertThat(sendThrough(line)).isEqualTo(right);
    }

    @Test
    void a_line_that_stands_still_delivers_all_the_same() throws IOException {
        line.plan(Trouble.STALL, 100_000);
        assertThat(sendThrough(line)).isEqualTo(new byte[BYTES]);
        assertThat(line.hasCome()).isTrue();
    }

    @Test
    void nobody_is_let_in_while_the_line_refuses() throws IOException {
        line.refuse(true);
        try (Socket client = new Socket(InetAddress.getLoopbackAddress(), line.port())) {
            assertThat(ended(client)).isTrue();
        }
        line.refuse(false);
        assertThat(sendThrough(line)).hasSize(BYTES);
    }

    private static boolean ended(Socket client) {
        try {
            return client.getInputStream().read() < 0;
        } catch (IOException reset) {
            return true;
        }
    }
}
