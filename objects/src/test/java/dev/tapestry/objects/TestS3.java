package dev.tapestry.objects;

import dev.tapestry.weights.Drafts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.gaul.s3proxy.S3Proxy;
import org.gaul.s3proxy.auth.AuthenticationType;
import org.gaul.s3proxy.nio2blob.FilesystemNio2BlobStore;

/** A real S3 server on loopback, one for all tests of a process; each has buckets of its own. */
final class TestS3 {

    /** What the SDK finds among a process' properties. */
    static final String ACCESS_KEY = "local-identity";

    /** Its secret. */
    static final String SECRET_KEY = "local-credential";

    private static final AtomicInteger BUCKETS = new AtomicInteger();

    private final S3Proxy server;
    private final Path folder;

    private TestS3(S3Proxy server, Path folder) {
        this.server = server;
        this.folder = folder;
    }

    private static final class Running {
        static final TestS3 SERVER = started();
    }

    /** The server. */
    static TestS3 running() {
        return Running.SERVER;
    }

    private static TestS3 started() {
        try {
            Path folder = Files.createTempDirectory("tapestry-s3-");
            Runtime.getRuntime().addShutdownHook(new Thread(() -> deleted(folder)));
            S3Proxy server =
                    S3Proxy.builder()
                            .blobStore(new FilesystemNio2BlobStore(folder.toString()))
                            .endpoint(URI.create("http://127.0.0.1:0"))
                            .awsAuthentication(
                                    AuthenticationType.AWS_V2_OR_V4, ACCESS_KEY, SECRET_KEY)
                            .build();
            server.start();
            System.setProperty("aws.accessKeyId", ACCESS_KEY);
            System.setProperty("aws.secretAccessKey", SECRET_KEY);
            return new TestS3(server, folder);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /** Where it listens. */
    URI endpoint() {
        return URI.create("http://127.0.0.1:" + server.getPort());
    }

    /** Settings of a new bucket. */
    S3Bucket bucket(String prefix) {
        String bucket = "bucket-" + BUCKETS.incrementAndGet();
        try {
            Files.createDirectories(folder.resolve(bucket));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new S3Bucket(
                bucket,
                Optional.of("us-east-1"),
                Optional.of(prefix).filter(p -> !p.isEmpty()),
                Optional.of(endpoint()));
    }

    private static void deleted(Path folder) {
        try {
            Drafts.delete(folder);
        } catch (IOException | UncheckedIOException _) {
            // The system clears its temporary files.
        }
    }
}
