package dev.tapestry.objects;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.function.LongConsumer;
import software.amazon.awssdk.http.AbortableInputStream;
import software.amazon.awssdk.http.ExecutableHttpRequest;
import software.amazon.awssdk.http.HttpExecuteRequest;
import software.amazon.awssdk.http.HttpExecuteResponse;
import software.amazon.awssdk.http.SdkHttpClient;

/** An HTTP client of which the bodies are counted, both ways. */
final class MeteredHttp implements SdkHttpClient {

    private final SdkHttpClient client;
    private final Meter meter;

    MeteredHttp(SdkHttpClient client, Meter meter) {
        this.client = client;
        this.meter = meter;
    }

    @Override
    public ExecutableHttpRequest prepareRequest(HttpExecuteRequest request) {
        HttpExecuteRequest.Builder counted =
                HttpExecuteRequest.builder().request(request.httpRequest());
        request.metricCollector().ifPresent(counted::metricCollector);
        request.contentStreamProvider()
                .ifPresent(body ->
                        counted.contentStreamProvider(
                                () -> new Counted(body.newStream(), meter::sent)));
        ExecutableHttpRequest call = client.prepareRequest(counted.build());
        return new ExecutableHttpRequest() {
            @Override
            public HttpExecuteResponse call() throws IOException {
                return counted(call.call());
            }

            @Override
            public void abort() {
                call.abort();
            }
        };
    }

    private HttpExecuteResponse counted(HttpExecuteResponse response) {
        HttpExecuteResponse.Builder counted =
                HttpExecuteResponse.builder().response(response.httpResponse());
        response.responseBody()
                .ifPresent(body ->
                        counted.responseBody(
                                AbortableInputStream.create(
                                        new Counted(body, meter::received), body)));
        return counted.build();
    }

    @Override
    public String clientName() {
        return client.clientName();
    }

    @Override
    public void close() {
        client.close();
    }

    /** Tells of what is read. */
    private static final class Counted extends FilterInputStream {

        private final LongConsumer read;

        Counted(InputStream in, LongConsumer read) {
            super(in);
            this.read = read;
        }

        @Override
        public int read() throws IOException {
            int next = super.read();
            read.accept(next < 0 ? 0 : 1);
            return next;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            int count = super.read(buffer, offset, length);
            read.accept(Math.max(0, count));
            return count;
        }

        @Override
        public boolean markSupported() {
            return false;
        }
    }
}
