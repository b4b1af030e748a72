package dev.tapestry.coordinator;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tapestry.consortium.protocol.ErrorReply;
import dev.tapestry.trust.certificate.TlsIdentity;
import dev.tapestry.trust.json.CanonicalJson;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.SocketTimeoutException;
import java.net.URI;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/** A TLS connection on which a test writes whatever bytes it likes. */
final class RawConnection implements AutoCloseable {

    /**
     * What {@link Reply#status} gives when the coordinator ended the connection without an answer.
     */
    static final int NO_ANSWER = -1;

    private static final int PATIENCE_MILLIS = 60_000;

    private final SSLSocket socket;
    private final InputStream in;

    /**
     * A whole answer.
     *
     * @param body as text
     */
    record Reply(int status, String body) {

        /** The protocol's code, or the whole answer where there is none. */
        String code() {
            return status >= 400
                    ? CanonicalJson.read(body.getBytes(UTF_8), ErrorReply.class).code()
                    : status + " " + body;
        }
    }

    RawConnection(URI address, SSLContext context) {
        try {
            socket =
                    (SSLSocket)
                            context.getSocketFactory()
                                    .createSocket(address.getHost(), address.getPort());
            socket.setSSLParameters(TlsIdentity.clientParameters());
            socket.setSoTimeout(PATIENCE_MILLIS);
            socket.startHandshake();
            in = socket.getInputStream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void send(String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(ISO_8859_1));
        socket.getOutputStream().flush();
    }

    /** The next answer, interim ones passed over. */
    Reply reply() {
        try {
            String head = head();
            if (head.isEmpty()) {
                return new Reply(NO_ANSWER, "");
            }
            int status = Integer.parseInt(head.split(" ", 3)[1]);
            if (status == 100) {
                return reply();
            }
            return new Reply(status, new String(in.readNBytes(length(head)), UTF_8));
        } catch (IOException e) {
            return new Reply(NO_ANSWER, "");
        }
    }

    private static int length(String head) {
        for (String line : head.lines().toList()) {
            if (line.regionMatches(true, 0, "Content-Length:", 0, 15)) {
                return Integer.parseInt(line.substring(15).strip());
            }
        }
        return 0;
    }

    private String head() throws IOException {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        while (!head.toString(ISO_8859_1).endsWith("\r\n\r\n")) {
            int next = in.read();
            if (next < 0) {
                return "";
            }
            head.write(next);
        }
        return head.toString(ISO_8859_1);
    }

    /** Waits for the coordinator to end the connection; whether it did. */
    boolean ends() {
        try {
            in.transferTo(OutputStream.nullOutputStream());
            return true;
        } catch (SocketTimeoutException e) {
            return false;
        } catch (IOException e) {
            return true; // reset
        }
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException _) {
            // The coordinator was faster.
        }
    }
}
