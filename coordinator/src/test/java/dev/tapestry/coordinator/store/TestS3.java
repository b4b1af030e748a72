package dev.tapestry.coordinator.store;

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
public final class TestS3 {

    /** What the SDK finds among a process' properties. */
    public static final String ACCESS_KEY = "local-identity";

    /** Its secret. */
    public static final String SECRET_KEY = "local-credential";

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
    public static TestS3 running() {
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
    public URI endpoint() {
        return URI.create("http://127.0.0.1:" + server.getPort());
    }

    /** Settings of a new bucket. */
    public ObjectSettings.S3 bucket(String prefix) {
        String bucket = "bucket-" + BUCKETS.incrementAndGet();
        try {
            Files.createDirectories(folder.resolve(bucket));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new ObjectSettings.S3(
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
