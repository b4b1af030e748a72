package dev.tapestry.objects;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.objects.ObjectsException.Code;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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
                new S3Bucket(
                        "bucket",
                        Optional.of("us-east-1"),
                        Optional.empty(),
                        Optional.of(URI.create("http://127.0.0.1:1"))));
    }

    @Test
    void a_bucket_that_does_not_exist_is_a_failure_that_names_it() {
        S3Bucket there = server.bucket("");
        try (ObjectStore store =
                S3Objects.of(
                        new S3Bucket(
                                "never-made",
                                there.region(),
                                Optional.empty(),
                                there.endpoint()))) {
            assertThatThrownBy(() -> store.list(""))
                    .isInstanceOfSatisfying(
                            ObjectsException.class,
                            e -> assertThat(e.code()).isEqualTo(Code.REFUSED))
                    .hasMessageContaining("never-made");
        }
    }

    @Test
    void a_wrong_key_is_refused_with_what_to_look_at() {
        System.setProperty("aws.secretAccessKey", "not-the-secret");
        try (ObjectStore store = S3Objects.direct(server.bucket(""), new Meter())) {
            assertThatThrownBy(() -> store.list(""))
                    .isInstanceOfSatisfying(
                            ObjectsException.class,
                            e -> assertThat(e.code()).isEqualTo(Code.REFUSED))
                    .hasMessageContaining("SignatureDoesNotMatch")
                    .hasMessageContaining("the key and what it may do");
        } finally {
            System.setProperty("aws.secretAccessKey", TestS3.SECRET_KEY);
        }
    }

    @Test
    void without_keys_nothing_is_asked_and_the_places_are_named() throws IOException {
        System.clearProperty("aws.accessKeyId");
        System.setProperty("aws.sharedCredentialsFile", directory.resolve("none").toString());
        try {
            assertThatThrownBy(() -> S3Objects.direct(server.bucket(""), new Meter()))
                    .isInstanceOfSatisfying(
                            ObjectsException.class,
                            e -> assertThat(e.code()).isEqualTo(Code.REFUSED))
                    .hasMessageContaining("~/.aws/credentials");
            Files.writeString(
                    directory.resolve("none"),
                    "[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n"
                            .formatted(TestS3.ACCESS_KEY, TestS3.SECRET_KEY));
            System.clearProperty("aws.secretAccessKey");
            try (ObjectStore store = S3Objects.direct(server.bucket(""), new Meter())) {
                assertThat(store.list("")).isEmpty();
            }
        } finally {
            System.clearProperty("aws.sharedCredentialsFile");
            System.setProperty("aws.accessKeyId", TestS3.ACCESS_KEY);
            System.setProperty("aws.secretAccessKey", TestS3.SECRET_KEY);
        }
    }

    @Test
    void what_a_meter_counts_is_what_passes() throws IOException {
        Meter meter = new Meter();
        Path file = Files.write(directory.resolve("file"), new byte[100_000]);
        try (ObjectStore store = S3Objects.direct(server.bucket("loom/"), meter)) {
            store.put("results/a", file);
            assertThat(meter.up()).isBetween(100_000L, 101_000L);
            long answered = meter.down();
            store.fetch("results/a", directory.resolve("back"));
            assertThat(meter.down() - answered).isEqualTo(100_000L);
        }
    }

    @Test
    void neither_a_proxy_nor_another_endpoint_of_the_environment_leads_elsewhere()
            throws IOException {
        System.setProperty("http.proxyHost", "127.0.0.1");
        System.setProperty("http.proxyPort", "1");
        System.setProperty("aws.endpointUrl", "http://127.0.0.1:1");
        System.setProperty("aws.endpointUrlS3", "http://127.0.0.1:1");
        try (ObjectStore store = S3Objects.direct(server.bucket(""), new Meter())) {
            store.put("here", Files.writeString(directory.resolve("file"), "x"));
            assertThat(store.list("")).containsOnlyKeys("here");
        } finally {
            List.of("http.proxyHost", "http.proxyPort", "aws.endpointUrl", "aws.endpointUrlS3")
                    .forEach(System::clearProperty);
        }
    }
}
