package dev.tapestry.coordinator;

import io.helidon.http.RequestException;
import java.io.IOException;
import java.io.InputStream;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A request's body; the server's unchecked complaints about the connection become checked ones.
 *
 * <p>It is asked for with the first read: a client that waits to be asked (RFC 9110 §10.1.1) sends
 * nothing where a refusal comes first. The {@link Doorkeeper} sees how fast it comes.
 */
final class RequestBody extends InputStream {

    private final Supplier<InputStream> source;
    private final Visit visit;
    private @Nullable InputStream in;

    RequestBody(Supplier<InputStream> source, Visit visit) {
        this.source = source;
        this.visit = visit;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        int read = 0;
        visit.awaitBody();
        try {
            InputStream body = in;
            if (body == null) {
                body = source.get();
                in = body;
            }
            read = body.read(bytes, offset, length);
            return read;
        } catch (RequestException | IllegalArgumentException _) {
            throw new ApiRefusal(
                    ApiCode.BAD_REQUEST, "the body is not framed as HTTP/1.1 (RFC 9112) has it");
        } catch (RuntimeException e) {
            throw new IOException("the sender stopped sending", e);
        } finally {
            visit.receive(read);
        }
    }
}
