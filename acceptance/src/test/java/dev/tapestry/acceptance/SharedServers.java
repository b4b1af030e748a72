package dev.tapestry.acceptance;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/** A PostgreSQL server and an S3 server on loopback, for coordinators to share. */
final class SharedServers implements AutoCloseable {

    private final EmbeddedPostgres postgres;
    private final BucketServer s3;

    private SharedServers(EmbeddedPostgres postgres, BucketServer s3) {
        this.postgres = postgres;
        this.s3 = s3;
    }

    /** Starts both; the bucket lies in {@code folder}. */
    static SharedServers start(Path folder) throws IOException {
        BucketServer s3 = BucketServer.start(folder);
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
          endpoint: "%s"
        """
                .formatted(
                        "jdbc:postgresql://localhost:%d/postgres".formatted(postgres.getPort()),
                        s3.endpoint());
    }

    /** Where the SDK looks for them in other processes. */
    Map<String, String> environment() {
        return s3.environment();
    }

    @Override
    public void close() throws IOException {
        postgres.close();
        s3.close();
    }
}
