package dev.tapestry.acceptance;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.gaul.s3proxy.S3Proxy;
import org.gaul.s3proxy.auth.AuthenticationType;
import org.gaul.s3proxy.nio2blob.FilesystemNio2BlobStore;

/** An S3 server on loopback with one bucket, {@code bucket}. */
final class BucketServer implements AutoCloseable {

    private static final String ACCESS_KEY = "local-identity";
    private static final String SECRET_KEY = "local-credential";

    private final S3Proxy s3;

    private BucketServer(S3Proxy s3) {
        this.s3 = s3;
    }

    /** Starts it; the bucket lies in {@code folder}. */
    static BucketServer start(Path folder) throws IOException {
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
        return new BucketServer(s3);
    }

    /** Where it listens. */
    URI endpoint() {
        return URI.create("http://127.0.0.1:" + s3.getPort());
    }

    /** Where the SDK looks for keys in other processes. */
    Map<String, String> environment() {
        return Map.of("AWS_ACCESS_KEY_ID", ACCESS_KEY, "AWS_SECRET_ACCESS_KEY", SECRET_KEY);
    }

    @Override
    public void close() {
        try {
            s3.stop();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
