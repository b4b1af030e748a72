package dev.tapestry.acceptance;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.gaul.s3proxy.S3Proxy;
import org.gaul.s3proxy.auth.AuthenticationType;
import org.gaul.s3proxy.nio2blob.FilesystemNio2BlobStore;

/** A PostgreSQL server and an S3 server on loopback, for coordinators to share. */
final class SharedServers implements AutoCloseable {

    private static final String ACCESS_KEY = "local-identity";
    private static final String SECRET_KEY = "local-credential";

    private final EmbeddedPostgres postgres;
    private final S3Proxy s3;

    private SharedServers(EmbeddedPostgres postgres, S3Proxy s3) {
        this.postgres = postgres;
        this.s3 = s3;
    }

    /** Starts both; the bucket lies in {@code folder}. */
    static SharedServers start(Path folder) throws IOException {
        Files.createDirectories(folder.resolve("bucket"));
        S3Proxy s3 =
                S3Proxy.builder()
                        .blobStore(new FilesystemNio2BlobStore(folder.toString()))
                        .endpoint(URI.create("http://127.0.0.1:0"))
                        .awsAuthentication(AuthenticationType.AWS_V2_OR_V4, ACCESS_KEY, SECRET_KEY)
                        .build();
        try {
            s3.start();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
        // Where the SDK looks for them in this process.
        System.setProperty("aws.accessKeyId", ACCESS_KEY);
        System.setProperty("aws.secretAccessKey", SECRET_KEY);
        return new SharedServers(
                EmbeddedPostgres.builder().setServerConfig("fsync", "on").start(), s3);
    }

    /** What {@code coordinator.yaml} says of them. */
    String keys() {
        return """
        log:
          type: postgres
          url: "%s"
          user: postgres
          lease: PT15S
        objects:
          type: s3
          bucket: bucket
          region: us-east-1
          prefix: loom/
          endpoint: "http://127.0.0.1:%d"
        """
                .formatted(
                        "jdbc:postgresql://localhost:%d/postgres".formatted(postgres.getPort()),
                        s3.getPort());
    }

    /** Where the SDK looks for them in other processes. */
    Map<String, String> environment() {
        return Map.of("AWS_ACCESS_KEY_ID", ACCESS_KEY, "AWS_SECRET_ACCESS_KEY", SECRET_KEY);
    }

    @Override
    public void close() throws IOException {
        postgres.close();
        try {
            s3.stop();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
