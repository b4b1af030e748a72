package dev.tapestry.coordinator;

import dev.tapestry.consortium.protocol.Protocol;
import dev.tapestry.trust.certificate.TlsIdentity;
import dev.tapestry.trust.json.CanonicalJson;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.time.Duration;
import javax.net.ssl.SSLContext;

/** Speaks HTTP with a coordinator, as anybody could who has read the protocol. */
final class TestClient implements AutoCloseable {

    private final HttpClient http;
    private final URI address;
    private final Contract contract = Contract.published();

    TestClient(URI address, SSLContext context) {
        this.address = address;
        this.http =
                HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .sslContext(context)
                        .sslParameters(TlsIdentity.clientParameters())
                        .connectTimeout(Duration.ofMinutes(1))
                        .build();
    }

    static TestClient of(URI address, TlsIdentity identity) {
        return new TestClient(address, identity.client());
    }

    Answer get(String path, String... headers) {
        return call("GET", path, new byte[0], headers);
    }

    Answer head(String path) {
        return call("HEAD", path, new byte[0]);
    }

    Answer post(String path, Object document) {
        return postBytes(path, CanonicalJson.write(document));
    }

    Answer postBytes(String path, byte[] body) {
        return call("POST", path, body);
    }

    Answer put(String path, byte[] body) {
        return call("PUT", path, body);
    }

    /** Sends a body as slowly as it can be read. */
    Answer putFrom(String path, InputStream body, String... headers) {
        HttpRequest.Builder request = request(path).PUT(BodyPublishers.ofInputStream(() -> body));
        for (int i = 0; i < headers.length; i += 2) {
            request.setHeader(headers[i], headers[i + 1]);
        }
        return send("PUT", path, new byte[0], request);
    }

    /** Sends a body of this length once the coordinator has agreed to the head. */
    Answer putWhenAgreed(String path, InputStream body, long length) {
        BodyPublisher publisher =
                BodyPublishers.fromPublisher(BodyPublishers.ofInputStream(() -> body), length);
        HttpRequest.Builder request = request(path).expectContinue(true).PUT(publisher);
        return send("PUT", path, new byte[0], request);
    }

    Answer call(String method, String path, byte[] body, String... headers) {
        HttpRequest.Builder request = request(path);
        for (int i = 0; i < headers.length; i += 2) {
            request.setHeader(headers[i], headers[i + 1]);
        }
        request.method(
                method,
                body.length == 0 ? BodyPublishers.noBody() : BodyPublishers.ofByteArray(body));
        return send(method, path, body, request);
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(address.resolve(path))
                .timeout(Duration.ofMinutes(2))
                .header(Protocol.VERSION_HEADER, Integer.toString(Protocol.VERSION));
    }

    private Answer send(String method, String path, byte[] body, HttpRequest.Builder request) {
        try {
            HttpResponse<byte[]> response =
                    http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
            Answer answer = new Answer(response.statusCode(), response.body(), response.headers());
            contract.check(method, path, body, answer);
            return answer;
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(method + " " + path + ": " + e, e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        http.shutdownNow();
        http.close();
    }
}
