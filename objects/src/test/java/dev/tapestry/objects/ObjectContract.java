package dev.tapestry.objects;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.objects.ObjectsException.Code;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a store of objects promises wherever they lie. */
abstract class ObjectContract {

    @TempDir Path directory;

    /** An empty store. */
    abstract ObjectStore store() throws IOException;

    /** A store that cannot be reached. */
    abstract ObjectStore unreachable() throws IOException;

    @Test
    void what_was_put_is_fetched_byte_by_byte_also_when_it_replaces_another() throws IOException {
        try (ObjectStore store = store()) {
            Path target = directory.resolve("a/b/target");
            store.put("contributions/1/ada/.envelope.json", file("first"));
            store.put("contributions/1/ada/.envelope.json", file("second, and longer"));
            assertThat(store.fetch("contributions/1/ada/.envelope.json", target)).isTrue();
            assertThat(target).hasContent("second, and longer");
            store.put("contributions/1/ada/.envelope.json", file(""));
            assertThat(store.fetch("contributions/1/ada/.envelope.json", target)).isTrue();
            assertThat(target).isEmptyFile();
        }
    }

    @Test
    void what_is_larger_than_a_part_arrives_whole() throws IOException {
        byte[] bytes = new byte[(11 << 20) + 7];
        new Random(20261127).nextBytes(bytes);
        Path large = Files.write(directory.resolve("large"), bytes);
        try (ObjectStore store = store()) {
            store.put("models/large", large);
            assertThat(store.list("models/"))
                    .containsExactly(Map.entry("models/large", (long) bytes.length));
            Path target = directory.resolve("target");
            assertThat(store.fetch("models/large", target)).isTrue();
            assertThat(target).hasBinaryContent(bytes);
        }
    }

    @Test
    void what_is_not_there_is_not_fetched_and_leaves_nothing() throws IOException {
        try (ObjectStore store = store()) {
            store.put("models/a/b", file("x"));
            for (String name : List.of("models/c", "models/a", "models/a/b/c", "models/a/bb")) {
                Path target = directory.resolve("none/target");
                assertThat(store.fetch(name, target)).as(name).isFalse();
                assertThat(target).doesNotExist();
            }
        }
    }

    @Test
    void what_is_longer_than_it_may_be_is_refused_and_leaves_nothing() throws IOException {
        try (ObjectStore store = store()) {
            Path target = directory.resolve("target");
            store.put("results/a", file("12345"));
            assertThat(store.fetch("results/a", target, 5)).isTrue();
            assertThat(target).hasContent("12345");
            Files.delete(target);
            assertThatThrownBy(() -> store.fetch("results/a", target, 4))
                    .isInstanceOfSatisfying(
                            ObjectsException.class,
                            e -> assertThat(e.code()).isEqualTo(Code.TOO_LONG));
            try (Stream<Path> left = Files.list(directory)) {
                assertThat(left.map(file -> file.getFileName().toString()))
                        .noneMatch(name -> name.contains("target"));
            }
        }
    }

    @Test
    void a_list_has_what_begins_with_the_prefix_in_order_with_lengths() throws IOException {
        try (ObjectStore store = store()) {
            for (String name :
                    List.of("models/b/2", "models/b/1", "models/b.json", "models/a/1", "other/1")) {
                store.put(name, file(name));
            }
            assertThat(store.list("models/"))
                    .containsExactly(
                            Map.entry("models/a/1", 10L),
                            Map.entry("models/b.json", 13L),
                            Map.entry("models/b/1", 10L),
                            Map.entry("models/b/2", 10L));
            assertThat(store.list("models/b/").keySet())
                    .containsExactly("models/b/1", "models/b/2");
            assertThat(store.list("models/b").keySet())
                    .containsExactly("models/b.json", "models/b/1", "models/b/2");
            assertThat(store.list("nothing/")).isEmpty();
        }
    }

    @Test
    void what_is_deleted_is_gone_and_nothing_else_is() throws IOException {
        try (ObjectStore store = store()) {
            for (String name : List.of("models/a/1", "models/a/2", "models/b/1")) {
                store.put(name, file(name));
            }
            store.delete(List.of("models/a/1", "models/b/1", "models/never/was"));
            store.delete(List.of());
            assertThat(store.list("models/").keySet()).containsExactly("models/a/2");
            store.put("models/b/1", file("again"));
            assertThat(store.list("models/").keySet()).containsExactly("models/a/2", "models/b/1");
        }
    }

    @Test
    void a_store_that_cannot_be_reached_is_a_failure_with_a_code_never_an_empty_store()
            throws IOException {
        Path target = directory.resolve("target");
        Path file = file("x");
        try (ObjectStore store = unreachable()) {
            refused(() -> store.put("models/a", file));
            refused(() -> store.fetch("models/a", target));
            refused(() -> store.list("models/"));
            assertThat(target).doesNotExist();
        }
    }

    private static void refused(ThrowingCallable asking) {
        assertThatThrownBy(asking)
                .isInstanceOfSatisfying(
                        ObjectsException.class,
                        e -> assertThat(e.code()).isIn(Code.STORAGE, Code.UNREACHABLE));
    }

    private Path file(String content) throws IOException {
        return Files.write(directory.resolve("source"), content.getBytes(UTF_8));
    }
}
