package dev.tapestry.coordinator.store;

import dev.tapestry.coordinator.CoordinatorException;
import dev.tapestry.coordinator.CoordinatorException.Code;
import dev.tapestry.objects.DiskObjects;
import dev.tapestry.objects.ObjectStore;
import dev.tapestry.objects.ObjectsException;
import dev.tapestry.objects.S3Bucket;
import dev.tapestry.objects.S3Objects;
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
            try {
                var _ = new S3Bucket(bucket, region, prefix, endpoint);
            } catch (ObjectsException e) {
                throw new CoordinatorException(Code.CONFIGURATION, "objects." + e.getMessage(), e);
            }
        }

        private S3Bucket place() {
            return new S3Bucket(bucket, region, prefix, endpoint);
        }

        @Override
        public Optional<ObjectStore> open(Path own) {
            return Optional.of(S3Objects.of(place()));
        }

        @Override
        public String toString() {
            return place().toString();
        }
    }
}
