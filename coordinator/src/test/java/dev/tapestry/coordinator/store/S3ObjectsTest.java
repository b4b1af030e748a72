package dev.tapestry.coordinator.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.coordinator.CoordinatorException;
import dev.tapestry.coordinator.CoordinatorException.Code;
import java.net.URI;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class S3ObjectsTest extends ObjectContract {

    /** The least that S3 takes as a part that is not the last. */
    private static final long PART_BYTES = 5 << 20;

    private final TestS3 server = TestS3.running();

    @Override
    ObjectStore store() {
        return S3Objects.of(server.bucket("loom/"), PART_BYTES);
    }

    @Override
    ObjectStore unreachable() {
        return S3Objects.of(
                new ObjectSettings.S3(
                        "bucket",
                        Optional.of("us-east-1"),
                        Optional.empty(),
                        Optional.of(URI.create("http://127.0.0.1:1"))));
    }

    @Test
    void a_bucket_that_does_not_exist_is_a_failure_that_names_it() {
        ObjectSettings.S3 there = server.bucket("");
        try (ObjectStore store =
                S3Objects.of(
                        new ObjectSettings.S3(
                                "never-made",
                                there.region(),
                                Optional.empty(),
                                there.endpoint()))) {
            assertThatThrownBy(() -> store.list(""))
                    .isInstanceOfSatisfying(
                            CoordinatorException.class,
                            e -> assertThat(e.code()).isEqualTo(Code.STORAGE))
                    .hasMessageContaining("never-made");
        }
    }
}
