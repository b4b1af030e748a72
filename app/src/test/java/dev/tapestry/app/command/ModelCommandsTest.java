package dev.tapestry.app.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.Digest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

final class ModelCommandsTest {

    private static final JsonMapper JSON = JsonMapper.builder().build();

    @TempDir static Path directory;
    private static Path model = Path.of("");

    @BeforeAll
    static void make_a_model() {
        model = Tiny.model(directory.resolve("model"));
    }

    @Test
    void logits_are_one_number_for_each_id_and_nothing_else() throws IOException {
        Path file = directory.resolve("logits.json");
        Said said = Said.by("model", "logits", model, "--ids", "1,2,3", "--json", file);
        assertThat(said.code()).as(said.err()).isZero();
        JsonNode json = JSON.readTree(Files.readAllBytes(file));
        assertThat(json.propertyNames()).containsExactly("logits");
        int vocabulary =
                JSON.readTree(Files.readAllBytes(model.resolve("config.json")))
                        .path("vocab_size")
                        .asInt();
        assertThat(json.path("logits").size()).isEqualTo(vocabulary);
        assertThat(json.path("logits").path(0).isNumber()).isTrue();
    }

    @Test
    void an_imported_model_in_bf16_shows_its_dtype_and_generates_the_same_twice() {
        Path imported = directory.resolve("imported");
        Said done = Said.by("model", "import", model, imported, "--dtype", "bf16");
        assertThat(done.code()).as(done.err()).isZero();
        assertThat(Said.by("model", "show", imported).out())
                .contains("BF16")
                .contains("num_hidden_layers        1");
        Object[] generate = {
            "model",
            "generate",
            imported,
            "the committee",
            "--tokens",
            "5",
            "--temperature",
            "1",
            "--seed",
            "4"
        };
        Said first = Said.by(generate);
        assertThat(first.out()).startsWith("the committee");
        assertThat(Said.by(generate).out()).isEqualTo(first.out());
    }

    @Test
    void what_cannot_be_imported_is_named() throws IOException {
        Path source = Tiny.model(directory.resolve("scaled"));
        Path config = source.resolve("config.json");
        Files.writeString(
                config,
                Files.readString(config)
                        .replaceFirst(
                                "\"rope_scaling\"\\s*:\\s*null",
                                "\"rope_scaling\":{\"factor\":8}"));
        Said said = Said.by("model", "import", source, directory.resolve("never"));
        assertThat(said.code()).isEqualTo(1);
        assertThat(said.err()).contains("rope_scaling is {\"factor\":8}").hasLineCount(1);
        assertThat(directory.resolve("never")).doesNotExist();
    }

    @Test
    void an_import_keeps_the_licence_and_checks_the_files_that_it_is_given() throws IOException {
        Path source = Tiny.model(directory.resolve("licensed"));
        Files.writeString(source.resolve("README.md"), "---\nlicense: apache-2.0\n---\n");
        StringBuilder sums = new StringBuilder();
        try (Stream<Path> files = Files.list(source)) {
            for (Path file : files.toList()) {
                sums.append(Digest.of(Files.readAllBytes(file)).hex())
                        .append("  ")
                        .append(file.getFileName())
                        .append('\n');
            }
        }
        Path list = Files.writeString(directory.resolve("sums.txt"), sums);
        Path imported = directory.resolve("known");
        Said said = Said.by("model", "import", source, imported, "--digests", list);
        assertThat(said.code()).as(said.err()).isZero();
        assertThat(said.out()).contains("licence apache-2.0, says README.md");
        assertThat(imported.resolve("origin.json")).content().contains("apache-2.0", "digestList");
        assertThat(imported.resolve("generation_config.json")).content().contains("eos_token_id");
        assertThat(Said.by("model", "show", imported).out()).containsPattern("licence +apache-2.0");
        Files.writeString(source.resolve("generation_config.json"), "{}");
        Said refused =
                Said.by("model", "import", source, directory.resolve("no"), "--digests", list);
        assertThat(refused.code()).isEqualTo(1);
        assertThat(refused.err()).contains("generation_config.json is not in the list");
        assertThat(directory.resolve("no")).doesNotExist();
    }

    @Test
    void a_model_is_scored_only_where_the_card_permits_it() throws IOException {
        Path open = Tiny.corpus(directory.resolve("open"), "evaluation");
        Said said =
                Said.by("model", "score", model, "--corpus", open, "--sequence", "32", "--json");
        assertThat(said.code()).as(said.err()).isZero();
        assertThat(JSON.readTree(said.out()).path("bitsPerByte").asDouble()).isBetween(0.5, 10.0);
        Path closed = Tiny.corpus(directory.resolve("closed"), "private-cpt");
        Said refused = Said.by("model", "score", model, "--corpus", closed);
        assertThat(refused.code()).isEqualTo(1);
        assertThat(refused.err()).contains("does not permit evaluation");
    }

    @Test
    void models_that_were_trained_apart_are_merged() {
        Path merged = directory.resolve("merged");
        Object[] merge = {
            "model", "merge", "--rule", "ties", "--base", model, "--out", merged, model, model
        };
        Said said = Said.by(merge);
        assertThat(said.code()).as(said.err()).isZero();
        assertThat(said.out()).contains("merged 2 models into");
        assertThat(Said.by("model", "show", merged).out()).contains("F32");
        Said again = Said.by(merge);
        assertThat(again.code()).isEqualTo(1);
        assertThat(again.err()).contains("exists");
        Said wrong =
                Said.by(
                        "model",
                        "merge",
                        "--rule",
                        "dare",
                        "--drop-rate",
                        "1",
                        "--base",
                        model,
                        "--out",
                        directory.resolve("none"),
                        model);
        assertThat(wrong.code()).isEqualTo(2);
        assertThat(wrong.err()).contains("drop rate is 0 to below 1");
    }

    @Test
    void a_model_is_exported_as_gguf() throws IOException {
        Path file = directory.resolve("model.gguf");
        Said said = Said.by("model", "export", model, "--gguf", file, "--quantisation", "f16");
        assertThat(said.code()).as(said.err()).isZero();
        assertThat(
                        new String(
                                Files.readAllBytes(file),
                                0,
                                4,
                                java.nio.charset.StandardCharsets.US_ASCII))
                .isEqualTo("GGUF");
    }

    @Test
    void a_tokenizer_is_learned_and_its_ids_are_printed() throws IOException {
        Path corpus = Tiny.corpus(directory.resolve("words"), "tokenizer-training");
        Path tokenizer = directory.resolve("tokenizer");
        Said trained = Said.by("tokenizer", "train", corpus, tokenizer, "--vocabulary", "300");
        assertThat(trained.code()).as(trained.err()).isZero();
        Said encoded = Said.by("tokenizer", "encode", tokenizer, "the law", "--json");
        assertThat(JSON.readTree(encoded.out()).path("ids").size()).isBetween(1, 7);
    }
}
