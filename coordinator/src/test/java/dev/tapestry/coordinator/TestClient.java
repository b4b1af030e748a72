package dev.tapestry.coordinator;

import dev.tapestry.consortium.protocol.Protocol;
import dev.tapestry.trust.certificate.TlsIdentity;
import dev.tapestry.trust.json.CanonicalJson;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
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
                        .connectTimeout(Duration.ofSeconds(10))
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

    Answer call(String method, String path, byte[] body, String... headers) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(address.resolve(path)).timeout(Duration.ofSeconds(30));
        if (List.of(headers).stream().noneMatch(Protocol.VERSION_HEADER::equals)) {
            request.header(Protocol.VERSION_HEADER, Integer.toString(Protocol.VERSION));
        }
        if (headers.length > 0) {
            request.headers(headers);
        }
        request.method(
                method,
                body.length == 0
                        ? HttpRequest.BodyPublishers.noBody()
                        : HttpRequest.BodyPublishers.ofByteArray(body));
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
