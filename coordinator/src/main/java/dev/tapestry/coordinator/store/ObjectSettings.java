package dev.tapestry.coordinator.store;

import java.net.URI;
import java.nio.file.Path;
import java.util.Optional;

/** The key {@code objects} of {@code coordinator.yaml}: where the files of rounds are. */
public sealed interface ObjectSettings {

    /**
     * The store, which whoever opens it closes; none where the files stay in the coordinator's own
     * directory.
     */
    Optional<ObjectStore> open(Path own);

    /**
     * On a disk.
     *
     * @param directory one that several coordinators see, such as a network file system's; left
     *     out, the coordinator's own directory
     */
    record Disk(Optional<String> directory) implements ObjectSettings {

        @Override
        public Optional<ObjectStore> open(Path own) {
            return directory.map(own::resolve).map(DiskObjects::new);
        }

        @Override
        public String toString() {
            return directory.orElse("in this directory");
        }
    }

    /**
     * In a bucket of an object store that speaks S3. Credentials are found where the AWS SDK looks:
     * {@code AWS_ACCESS_KEY_ID} and {@code AWS_SECRET_ACCESS_KEY}, {@code ~/.aws/credentials}, or
     * the machine's role.
     *
     * @param bucket which exists
     * @param region of the bucket; what the SDK finds if left out
     * @param prefix before the names of all objects, such as {@code loom/}; none if left out
     * @param endpoint of a store that is not Amazon's; buckets are then part of the path
     */
    record S3(
            String bucket, Optional<String> region, Optional<String> prefix, Optional<URI> endpoint)
            implements ObjectSettings {

        public S3 {
            Settings.require(
                    bucket.matches("[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"),
                    "objects.bucket is 3 to 63 lower-case letters, digits, dots and hyphens, not '"
                            + bucket
                            + "'");
            Settings.require(
                    prefix.stream().allMatch(p -> p.matches("[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*/")),
                    "objects.prefix ends in a slash and does not begin with one, as in loom/");
            Settings.require(
                    endpoint.stream()
                            .allMatch(e ->
                                    e.getHost() != null
                                            && String.valueOf(e.getScheme()).matches("https?")),
                    "objects.endpoint is an http or https address");
        }

        @Override
        public Optional<ObjectStore> open(Path own) {
            return Optional.of(S3Objects.of(this));
        }

        @Override
        public String toString() {
            return "s3://%s/%s%s"
                    .formatted(bucket, prefix.orElse(""), endpoint.map(e -> " at " + e).orElse(""));
        }
    }
}
