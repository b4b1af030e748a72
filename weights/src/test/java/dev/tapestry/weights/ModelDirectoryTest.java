package dev.tapestry.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.weights.WeightsException.Code;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelDirectoryTest {

    private static final List<TensorSpec> SPECS =
            List.of(
                    TensorSpec.of("a", DType.F32, 10),
                    TensorSpec.of("b", DType.F32, 30),
                    TensorSpec.of("c", DType.F32, 20),
                    TensorSpec.of("d", DType.F32, 20));

    @TempDir Path folder;

    @Test
    void a_small_model_is_one_file() {
        Path path = model("small", 1000);
        try (ModelDirectory model = ModelDirectory.open(path)) {
            assertThat(model.shards()).containsExactly(path.resolve("model.safetensors"));
            assertThat(model.tensors()).containsOnlyKeys("a", "b", "c", "d");
            assertThat(model.bytes()).isEqualTo(320);
        }
    }

    @Test
    void a_larger_model_is_cut_into_few_balanced_shards_with_an_index() {
        Path path = model("large", 200);
        try (ModelDirectory model = ModelDirectory.open(path)) {
            assertThat(model.shards())
                    .containsExactly(
                            path.resolve("model-00001-of-00002.safetensors"),
                            path.resolve("model-00002-of-00002.safetensors"));
            assertThat(model.layout().values())
                    .containsExactly(SPECS.subList(0, 2), SPECS.subList(2, 4));
            assertThat(model.shardOf("c")).isEqualTo("model-00002-of-00002.safetensors");
            assertThat(model.data("b").get(FloatConversion.FLOAT_LE, 0)).isEqualTo('b');
        }
    }

    @Test
    void a_model_like_another_has_its_shards_and_its_configuration() throws IOException {
        Path path = model("pattern", 200);
        Files.writeString(path.resolve("tokenizer.json"), "{}");
        Path copy = folder.resolve("copy");
        try (ModelDirectory pattern = ModelDirectory.open(path);
                var writer = ModelDirectoryWriter.createLike(pattern, copy)) {
            pattern.tensors()
                    .keySet()
                    .forEach(name -> writer.data(name).copyFrom(pattern.data(name)));
            writer.commit();
        }
        assertThat(Manifests.of(copy)).isEqualTo(Manifests.of(path));
    }

    /** Root may write read-only files; as another user this failed. */
    @Test
    void a_model_whose_files_are_read_only_is_copied_and_its_configuration_replaced()
            throws IOException {
        Path path = model("pattern", 200);
        Files.setPosixFilePermissions(
                path.resolve("config.json"), PosixFilePermissions.fromString("r--r--r--"));
        Path copy = folder.resolve("copy");
        try (ModelDirectory pattern = ModelDirectory.open(path);
                var writer = ModelDirectoryWriter.createLike(pattern, copy)) {
            writer.addFile("config.json", "{\"a\":1}".getBytes(StandardCharsets.UTF_8));
            writer.copyFile(path.resolve("config.json"));
            writer.commit();
        }
        assertThat(copy.resolve("config.json")).content().isNotEqualTo("{\"a\":1}");
    }

    @Test
    void nothing_is_left_of_a_model_that_was_not_committed() {
        ModelDirectoryWriter.create(folder.resolve("never"), SPECS, 100).close();
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void what_a_killed_program_left_is_swept_and_nothing_else() throws IOException {
        Path kept = model("kept", 200);
        Files.createDirectories(folder.resolve(".git"));
        Path draft = Files.createDirectory(Drafts.beside(folder.resolve("lost")));
        Files.createDirectories(draft.resolve("tokenizer"));
        Files.writeString(draft.resolve("tokenizer").resolve("config.json"), "{}");
        Files.createSymbolicLink(draft.resolve("link"), kept);
        Files.writeString(Drafts.beside(folder.resolve("lost.gguf")), "half");
        Drafts.sweep(folder);
        assertThat(folder).isDirectoryContaining(path -> path.equals(kept));
        try (var files = Files.list(folder)) {
            assertThat(files).containsExactlyInAnyOrder(kept, folder.resolve(".git"));
        }
    }

    @Test
    void an_empty_directory_may_become_the_model() throws IOException {
        Files.createDirectory(folder.resolve("empty"));
        try (ModelDirectory model = ModelDirectory.open(model("empty", 1000))) {
            assertThat(model.tensors()).hasSize(4);
        }
    }

    @Test
    void a_model_never_replaces_what_is_there() {
        model("there", 1000);
        refused(Code.TARGET, () -> model("there", 1000));
    }

    @Test
    void a_model_without_configuration_is_neither_written_nor_opened() throws IOException {
        try (var writer = ModelDirectoryWriter.create(folder.resolve("bare"), SPECS, 1000)) {
            refused(Code.MISSING_FILE, writer::commit);
        }
        Files.delete(model("model", 1000).resolve("config.json"));
        refused(Code.MISSING_FILE, () -> ModelDirectory.open(folder.resolve("model")));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "../outside.safetensors",
                "/etc/outside.safetensors",
                "sub/inside.safetensors",
                "sub\\\\inside.safetensors",
                "..",
                "",
                "shard.bin",
                ".hidden.safetensors"
            })
    void a_shard_path_that_leaves_the_directory_is_refused(String shard) throws IOException {
        Path path = model("escape", 200);
        index(path, "{\"weight_map\": {\"a\": \"" + shard + "\"}}");
        refused(Code.INDEX, () -> ModelDirectory.open(path));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "[]",
                "{",
                "{}",
                "{\"weight_map\": []}",
                "{\"weight_map\": {\"a\": 7}}",
                "{\"weight_map\": {\"a\": \"model-00001-of-00002.safetensors\","
                        + " \"a\": \"model-00001-of-00002.safetensors\"}}"
            })
    void an_index_that_is_no_index_is_refused(String json) throws IOException {
        Path path = model("index", 200);
        index(path, json);
        refused(Code.INDEX, () -> ModelDirectory.open(path));
    }

    @Test
    void a_tensor_that_the_index_lacks_or_misplaces_is_refused() throws IOException {
        Path path = model("wrong", 200);
        String one = "model-00001-of-00002.safetensors";
        String two = "model-00002-of-00002.safetensors";
        index(path, map(Map.of("a", one, "b", one, "c", two)));
        refused(Code.INDEX, () -> ModelDirectory.open(path));
        index(path, map(Map.of("a", one, "b", two, "c", two, "d", two)));
        refused(Code.INDEX, () -> ModelDirectory.open(path));
        index(path, map(Map.of("a", one, "b", one, "c", two, "d", two, "e", two)));
        refused(Code.INDEX, () -> ModelDirectory.open(path));
    }

    @Test
    void a_tensor_in_two_shards_is_refused() throws IOException {
        Path path = model("twice", 200);
        Files.copy(path.resolve("model-00001-of-00002.safetensors"), path.resolve("x.safetensors"));
        String one = "model-00001-of-00002.safetensors";
        index(path, map(Map.of("a", one, "b", "x.safetensors")));
        refused(Code.INDEX, () -> ModelDirectory.open(path));
    }

    @Test
    void a_missing_shard_and_two_forms_of_one_model_are_refused() throws IOException {
        Path path = model("shards", 200);
        Files.copy(
                path.resolve("model-00001-of-00002.safetensors"),
                path.resolve("model.safetensors"));
        refused(Code.INDEX, () -> ModelDirectory.open(path));
        Files.delete(path.resolve("model.safetensors"));
        Files.delete(path.resolve("model-00001-of-00002.safetensors"));
        refused(Code.MISSING_FILE, () -> ModelDirectory.open(path));
    }

    private Path model(String name, long shardBytes) {
        Path path = folder.resolve(name);
        try (var writer = ModelDirectoryWriter.create(path, SPECS, shardBytes)) {
            for (TensorSpec spec : SPECS) {
                writer.data(spec.name()).set(FloatConversion.FLOAT_LE, 0, spec.name().charAt(0));
            }
            writer.addFile("config.json", "{}".getBytes(StandardCharsets.UTF_8));
            writer.commit();
        }
        return path;
    }

    private static String map(Map<String, String> places) {
        var entries =
                places.entrySet().stream()
                        .map(entry -> "\"" + entry.getKey() + "\":\"" + entry.getValue() + "\"");
        return "{\"weight_map\":{" + String.join(",", entries.toList()) + "}}";
    }

    private static void index(Path path, String json) throws IOException {
        Files.writeString(path.resolve("model.safetensors.index.json"), json);
    }

    private static void refused(Code code, ThrowingCallable attempt) {
        assertThatThrownBy(attempt)
                .isInstanceOfSatisfying(
                        WeightsException.class, e -> assertThat(e.code()).isEqualTo(code));
    }
}
