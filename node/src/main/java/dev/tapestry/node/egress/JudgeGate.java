package dev.tapestry.node.egress;

import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * The way to the member's own judge, an endpoint that speaks as OpenAI's chat completions do, and
 * to nothing else. Each question has its receipt, with the bytes of its bodies. No redirection is
 * followed. Thread-safe.
 */
public final class JudgeGate implements AutoCloseable {

    private static final Duration CONNECTING = Duration.ofSeconds(10);
    private static final Duration ANSWERING = Duration.ofMinutes(5);
    private static final int LONGEST_ANSWER = 1 << 20;
    private static final Predicate<String> KEY = Pattern.compile("[!-~]+").asMatchPredicate();

    private final URI endpoint;
    private final Optional<String> key;
    private final HttpClient client;
    private final ReceiptBook receipts;
    private final Duration answering;

    private JudgeGate(
            URI endpoint,
            Optional<String> key,
            HttpClient client,
            ReceiptBook receipts,
            Duration answering) {
        this.endpoint = endpoint;
        this.key = key;
        this.client = client;
        this.receipts = receipts;
        this.answering = answering;
    }

    /**
     * Opens the way; nothing is asked yet.
     *
     * @param endpoint {@code https://…/v1/chat/completions}; {@code http} only on this machine
     * @param key that the endpoint wants
     * @param authority certificates in PEM that are trusted instead of the system's
     * @throws NodeException {@code EGRESS_REFUSED} for another form of address; {@code TLS} if the
     *     certificates cannot be read; {@code CONFIG_INVALID} if the key is no line of ASCII
     */
    public static JudgeGate to(
            URI endpoint, Optional<String> key, Optional<Path> authority, ReceiptBook receipts) {
        return to(endpoint, key, authority, receipts, ANSWERING);
    }

    /** The same with another time for a whole answer. */
    static JudgeGate to(
            URI endpoint,
            Optional<String> key,
            Optional<Path> authority,
            ReceiptBook receipts,
            Duration answering) {
        if (!MessageKind.JUDGEMENT.allows(endpoint.toString())) {
            throw new NodeException(
                    Code.EGRESS_REFUSED,
                    "'%s' is no judge: write https://HOST/v1/chat/completions, or http:// on this machine"
                            .formatted(endpoint));
        }
        if (!key.map(KEY::test).orElse(true)) {
            throw new NodeException(
                    Code.CONFIG_INVALID,
                    "the judge's key is one line of visible ASCII characters; see the file");
        }
        HttpClient.Builder client =
                HttpClient.newBuilder()
                        .connectTimeout(CONNECTING)
                        .followRedirects(HttpClient.Redirect.NEVER);
        authority.ifPresent(file -> client.sslContext(trusting(file)));
        return new JudgeGate(endpoint, key, client.build(), receipts, answering);
    }

    private static SSLContext trusting(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
            trusted.load(null, null);
            int number = 0;
            for (Certificate certificate :
                    CertificateFactory.getInstance("X.509").generateCertificates(in)) {
                trusted.setCertificateEntry("authority-" + number++, certificate);
            }
            TrustManagerFactory managers =
                    TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            managers.init(trusted);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, managers.getTrustManagers(), null);
            return context;
        } catch (IOException | GeneralSecurityException e) {
            throw new NodeException(
                    Code.TLS, "cannot use the certificates in " + file + ": " + e, e);
        }
    }

    /**
     * Asks one question.
     *
     * @param question JSON
     * @return the answer's JSON
     * @throws NodeException {@code JUDGE_FAILED}: no answer, or no good one; {@code STOPPED} if
     *     interrupted
     */
    public byte[] ask(byte[] question) {
        Message message = Message.tell(MessageKind.JUDGEMENT, endpoint.toString(), question);
        HttpRequest.Builder request =
                HttpRequest.newBuilder(endpoint)
                        .timeout(answering)
                        .header("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofByteArray(question));
        key.ifPresent(secret -> request.header("Authorization", "Bearer " + secret));
        String outcome = "broke off";
        int received = 0;
        try {
            HttpResponse<byte[]> response = whole(request.build());
            received = response.body().length;
            outcome = Integer.toString(response.statusCode());
            if (response.statusCode() != 200) {
                throw new NodeException(
                        Code.JUDGE_FAILED,
                        "the judge at %s answers %d; see its own log"
                                .formatted(endpoint, response.statusCode()));
            }
            return response.body();
        } catch (IOException e) {
            throw new NodeException(
                    Code.JUDGE_FAILED,
                    "the judge at %s does not answer: %s; leave --judge out to rank by rules alone"
                            .formatted(endpoint, e),
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new NodeException(Code.STOPPED, "interrupted while the judge was asked", e);
        } finally {
            receipts.write(message, question.length, received, Optional.empty(), outcome);
        }
    }

    /** The response with its body: the request's own timeout ends with the headers. */
    private HttpResponse<byte[]> whole(HttpRequest request)
            throws IOException, InterruptedException {
        CompletableFuture<HttpResponse<byte[]>> response =
                client.sendAsync(
                        request, BodyHandlers.limiting(BodyHandlers.ofByteArray(), LONGEST_ANSWER));
        try {
            return response.get(answering.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw new IOException(e.getCause());
        } catch (TimeoutException e) {
            throw new IOException("no whole answer in " + answering, e);
        } finally {
            response.cancel(true);
        }
    }

    @Override
    public void close() {
        try {
            receipts.flush();
        } finally {
            client.close();
        }
    }
}
