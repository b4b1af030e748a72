package dev.tapestry.coordinator;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.protocol.ErrorReply;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.weights.transfer.PartCoding;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.Method;
import io.helidon.http.Status;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.stream.Stream;

/** One request and its answer, in the words of the protocol. */
final class Exchange {

    /**
     * The longest JSON body of a route: 64 KiB. Read, a document takes tens of times its length,
     * and some routes are open to anybody.
     */
    static final int MAX_DOCUMENT_BYTES = 64 << 10;

    /** The longest manifest of a contribution, which names each part of a model: 8 MiB. */
    static final int MAX_MANIFEST_BYTES = 8 << 20;

    private static final String STEWARD = "the steward";

    /** In this many seconds what is busy may be free. */
    private static final int RETRY_AFTER_SECONDS = 2;

    /** A refused body of up to this length is read and dropped, so that the answer arrives. */
    private static final long MAX_DRAINED_BYTES = 64L << 20;

    private final ServerRequest request;
    private final ServerResponse response;
    private final Visit visit;
    private Optional<MemberId> member = Optional.empty();
    private Optional<X509Certificate> certificate = Optional.empty();
    private boolean bodyAsked;

    Exchange(ServerRequest request, ServerResponse response, Visit visit) {
        this.request = request;
        this.response = response;
        this.visit = visit;
    }

    /** Whose node asks, if it is a member's, and what it shows: the gate has looked. */
    void admit(Optional<MemberId> admitted, Optional<X509Certificate> shown) {
        member = admitted;
        certificate = shown;
    }

    /** What the asking side shows; not on routes for anybody. */
    X509Certificate certificate() {
        return certificate.orElseThrow(() -> new IllegalStateException("a route for anybody"));
    }

    /** The member whose node asks; only on routes for members. */
    MemberId member() {
        return member.orElseThrow(() -> new IllegalStateException("not a route for members"));
    }

    /** Whose request it is, as the doorkeeper and the buffers count it. */
    String owner() {
        return member.map(MemberId::value).orElse(STEWARD);
    }

    /** The connection on which it came. */
    Visit visit() {
        return visit;
    }

    Digest digest(String parameter) {
        return parsed(parameter, path(parameter), Digest::new);
    }

    RoundNumber round(String parameter) {
        return parsed(parameter, path(parameter), text -> new RoundNumber(Integer.parseInt(text)));
    }

    long size(String parameter) {
        return parsed(parameter, path(parameter), Exchange::natural);
    }

    MemberId memberId(String parameter) {
        return parsed(parameter, path(parameter), MemberId::new);
    }

    private String path(String parameter) {
        return request.path().pathParameters().get(parameter);
    }

    /** A query parameter that must be there. */
    long number(String parameter) {
        return parsed(
                parameter,
                query(parameter)
                        .orElseThrow(() ->
                                new ApiRefusal(
                                        ApiCode.BAD_REQUEST,
                                        "the query parameter '" + parameter + "' is missing")),
                Exchange::natural);
    }

    /** A query parameter that may be left out. */
    long number(String parameter, long otherwise) {
        return query(parameter)
                .map(text -> parsed(parameter, text, Exchange::natural))
                .orElse(otherwise);
    }

    private Optional<String> query(String parameter) {
        return request.query().first(parameter).asOptional();
    }

    private static long natural(String text) {
        long number = Long.parseLong(text);
        if (number < 0) {
            throw new IllegalArgumentException("a number from 0 is expected, not " + number);
        }
        return number;
    }

    private static <T> T parsed(String parameter, String text, Function<String, T> parser) {
        try {
            return parser.apply(text);
        } catch (IllegalArgumentException e) {
            throw new ApiRefusal(ApiCode.BAD_REQUEST, "'" + parameter + "': " + e.getMessage());
        }
    }

    Optional<String> header(String name) {
        return request.headers().first(HeaderNames.create(name));
    }

    OptionalLong contentLength() {
        return request.headers().contentLength();
    }

    /**
     * The body as it comes in.
     *
     * <p>Whatever goes wrong with the connection while it is read is an {@link IOException}.
     */
    InputStream body() {
        return new RequestBody(
                () -> {
                    bodyAsked = true;
                    return request.content().inputStream();
                },
                visit);
    }

    /**
     * The body of a part, compressed or not.
     *
     * @throws ApiRefusal {@code UNKNOWN_CODING}
     */
    PartBody part() {
        List<String> codings = codings();
        boolean compressed =
                PartCoding.available()
                        && codings.size() == 1
                        && codings.getFirst().equalsIgnoreCase(PartCoding.NAME);
        if (!compressed && !codings.isEmpty()) {
            throw unknownCoding(codings, PartCoding.available() ? PartCoding.NAME : "identity");
        }
        return new PartBody(body(), contentLength(), compressed);
    }

    /** How the body is coded, what was done last at the end (RFC 9110 §8.4). */
    private List<String> codings() {
        return listed("Content-Encoding")
                .filter(coding -> !coding.equalsIgnoreCase("identity"))
                .toList();
    }

    /** Says in the answer too what is taken instead (RFC 9110 §15.5.16). */
    private ApiRefusal unknownCoding(List<String> codings, String taken) {
        response.header(HeaderNames.ACCEPT_ENCODING, taken);
        return new ApiRefusal(
                ApiCode.UNKNOWN_CODING,
                "a body in %s is not taken here; send it as it is".formatted(codings));
    }

    /** Whether the answer may come in this content coding. */
    boolean accepts(String coding) {
        return listed("Accept-Encoding").anyMatch(range -> accepts(range, coding));
    }

    /** One of the field's ranges: a coding, perhaps with a weight (RFC 9110 §12.4.2). */
    private static boolean accepts(String range, String coding) {
        String[] words = range.replaceAll("\\s", "").split(";", -1);
        return words[0].equalsIgnoreCase(coding)
                && (words.length == 1 || !words[1].matches("(?i)q=0(\\.0*)?"));
    }

    /** The elements of a field that is a list, however it is spread over lines. */
    private Stream<String> listed(String field) {
        return request.headers().values(HeaderNames.create(field)).stream()
                .flatMap(line -> Arrays.stream(line.split(",", -1)))
                .map(String::strip)
                .filter(element -> !element.isEmpty());
    }

    /** The whole body, which must not be longer than {@link #MAX_DOCUMENT_BYTES}. */
    byte[] document() throws IOException {
        return body(MAX_DOCUMENT_BYTES);
    }

    /** The whole body, which must not be longer than {@link #MAX_MANIFEST_BYTES}. */
    byte[] manifest() throws IOException {
        return body(MAX_MANIFEST_BYTES);
    }

    private byte[] body(int maxBytes) throws IOException {
        if (!codings().isEmpty()) {
            throw unknownCoding(codings(), "identity");
        }
        if (contentLength().orElse(0) > maxBytes) {
            throw tooLarge(maxBytes);
        }
        byte[] bytes = body().readNBytes(maxBytes + 1);
        if (bytes.length > maxBytes) {
            throw tooLarge(maxBytes);
        }
        return bytes;
    }

    private static ApiRefusal tooLarge(int maxBytes) {
        return new ApiRefusal(
                ApiCode.BODY_TOO_LARGE,
                "a document for this route has at most " + maxBytes + " bytes");
    }

    /** The body as a record. */
    <T> T document(Class<T> type) throws IOException {
        try {
            return CanonicalJson.read(document(), type);
        } catch (TrustException e) {
            throw new ApiRefusal(ApiCode.BAD_REQUEST, String.valueOf(e.getMessage()));
        }
    }

    /** Answers with canonical JSON that is written already. */
    void replyDocument(int status, byte[] json) {
        send(status, "application/json", json);
    }

    /** Answers with canonical JSON. */
    void reply(int status, Object document) {
        send(status, "application/json", CanonicalJson.write(document));
    }

    /** Answers with text. */
    void replyText(int status, String text) {
        send(status, "text/plain; charset=utf-8", text.getBytes(UTF_8));
    }

    /** Answers with text of a kind. */
    void replyText(int status, String contentType, byte[] text) {
        send(status, contentType, text);
    }

    /** Answers without a body. */
    void replyEmpty(int status) {
        response.status(Status.create(status)).send();
    }

    /** Answers with a code; what was not read of the body is dropped, or the connection closed. */
    void refuse(ApiRefusal refusal) {
        if (isWithheld() || isTooLongToDrain()) {
            response.header(HeaderValues.CONNECTION_CLOSE);
            visit.leave();
        }
        if (refusal.passes()) {
            response.header(HeaderNames.RETRY_AFTER, Integer.toString(RETRY_AFTER_SECONDS));
        }
        if (request.prologue().method().equals(Method.HEAD)) {
            replyEmpty(refusal.status());
        } else {
            reply(refusal.status(), new ErrorReply(refusal.code(), refusal.detail()));
        }
    }

    /** The client sends its body only when it is asked to (RFC 9110 §10.1.1), and never was. */
    private boolean isWithheld() {
        return !bodyAsked && request.headers().contains(HeaderNames.EXPECT);
    }

    private boolean isTooLongToDrain() {
        long length = contentLength().orElse(request.content().hasEntity() ? Long.MAX_VALUE : 0);
        return !request.content().consumed() && length > MAX_DRAINED_BYTES;
    }

    private void send(int status, String contentType, byte[] body) {
        response.status(Status.create(status));
        response.header(HeaderNames.CONTENT_TYPE, contentType);
        if (body.length > ReplyBody.SLICE_BYTES) {
            response.contentLength(body.length);
            try (OutputStream out = new ReplyBody(response.outputStream(), visit)) {
                out.write(body);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return;
        }
        visit.awaitSending();
        try {
            response.send(body);
        } finally {
            visit.sent(body.length);
        }
    }

    /** Begins an answer of known length that is streamed. */
    OutputStream stream(int status, long length, Map<String, String> headers) {
        response.contentLength(length);
        return stream(status, headers);
    }

    /** Begins an answer whose length shows at its end. */
    OutputStream stream(int status, Map<String, String> headers) {
        head(status, headers);
        return new ReplyBody(response.outputStream(), visit);
    }

    /** Sends the head of such an answer alone. */
    void replyHead(int status, long length, Map<String, String> headers) {
        response.contentLength(length);
        head(status, headers);
        response.send();
    }

    private void head(int status, Map<String, String> headers) {
        response.status(Status.create(status));
        response.header(HeaderNames.CONTENT_TYPE, "application/octet-stream");
        headers.forEach((name, value) -> response.header(HeaderNames.create(name), value));
    }
}
