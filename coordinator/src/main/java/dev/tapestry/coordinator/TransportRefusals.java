package dev.tapestry.coordinator;

import dev.tapestry.consortium.protocol.ErrorReply;
import dev.tapestry.consortium.protocol.Protocol;
import dev.tapestry.trust.json.CanonicalJson;
import io.helidon.http.DirectHandler;
import io.helidon.http.DirectHandler.EventType;
import io.helidon.http.DirectHandler.TransportResponse;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.ServerResponseHeaders;
import io.helidon.http.Status;
import io.helidon.webserver.http.DirectHandlers;
import org.jspecify.annotations.Nullable;

/**
 * What the server itself refuses, before any route is asked: what is not HTTP/1.1, or not safely
 * so. The answer is coded like any other, and the connection ends, for where the next request would
 * begin is not certain.
 *
 * <p>Whatever the server calls it, it is the request's fault: what fails in our own code is
 * answered by {@link HttpApi}.
 */
final class TransportRefusals {

    /** In our own words: the server's quote what was sent. */
    private static final byte[] BODY =
            CanonicalJson.write(
                    new ErrorReply(
                            ApiCode.BAD_REQUEST.name(),
                            "this is no request as HTTP/1.1 (RFC 9112) has it, or its head is longer than 16 KiB"));

    private TransportRefusals() {}

    static DirectHandlers handlers() {
        DirectHandlers.Builder handlers = DirectHandlers.builder();
        for (EventType type : EventType.values()) {
            handlers.addHandler(type, TransportRefusals::answer);
        }
        return handlers.build();
    }

    @SuppressWarnings("UnusedVariable") // the shape is DirectHandler's
    private static TransportResponse answer(
            DirectHandler.TransportRequest request,
            EventType type,
            Status status,
            ServerResponseHeaders headers,
            @Nullable String reason) {
        return TransportResponse.builder()
                .status(Status.create(ApiCode.BAD_REQUEST.status()))
                .header(HeaderValues.CONNECTION_CLOSE)
                .header(HeaderNames.CONTENT_TYPE, "application/json")
                .header(
                        HeaderNames.create(Protocol.VERSION_HEADER),
                        Integer.toString(Protocol.VERSION))
                .keepAlive(false)
                .entity(BODY)
                .build();
    }
}
