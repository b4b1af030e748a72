package dev.tapestry.node.egress;

import dev.tapestry.consortium.protocol.ErrorReply;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/** Reads bodies of responses that are no success, whoever wrote them. */
final class Refusals {

    private static final int MAX_BYTES = 64 << 10;

    private Refusals() {}

    static Answer.Refused read(int status, InputStream in) throws IOException {
        byte[] body = in.readNBytes(MAX_BYTES);
        try {
            ErrorReply reply = CanonicalJson.read(body, ErrorReply.class);
            return new Answer.Refused(status, reply.code(), reply.detail());
        } catch (TrustException _) {
            // A proxy between us and the coordinator does not speak the protocol.
            String text = new String(body, StandardCharsets.UTF_8).strip();
            return new Answer.Refused(
                    status, "HTTP_" + status, text.substring(0, Math.min(200, text.length())));
        }
    }
}
