package dev.tapestry.node;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.consortium.Digest;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.build.DigestList;
import dev.tapestry.node.build.ModelOrigin;
import dev.tapestry.node.build.UpstreamLicence;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ModelOriginTest {

    @TempDir Path model;

    @BeforeEach
    void lay() throws IOException {
        Files.writeString(model.resolve("config.json"), "{}");
    }

    private ModelOrigin origin() {
        return ModelOrigin.of(model, Optional.empty(), Optional.empty());
    }

    @Test
    void a_model_of_which_nothing_says_the_licence_has_an_unknown_one() {
        assertThat(origin().licence())
                .isEqualTo(
                        new UpstreamLicence(UpstreamLicence.UNKNOWN, "nothing", Optional.empty()));
    }

    @Test
    void the_model_card_is_believed_before_the_licence_file_and_the_member_before_both()
            throws IOException {
        String text = "MIT License\n\nCopyright";
        Files.writeString(model.resolve("LICENSE.txt"), text);
        Optional<Digest> digest = Optional.of(Digest.of(text.getBytes(UTF_8)));
        assertThat(origin().licence()).isEqualTo(new UpstreamLicence("mit", "LICENSE.txt", digest));
        Files.writeString(model.resolve("README.md"), "---\nlicense: Apache-2.0\n---\n# Model");
        assertThat(origin().licence())
                .isEqualTo(new UpstreamLicence("apache-2.0", "README.md", digest));
        assertThat(ModelOrigin.of(model, Optional.of("CC-BY-4.0"), Optional.empty()).licence())
                .isEqualTo(new UpstreamLicence("cc-by-4.0", "member", digest));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "---;license: mit;--- | mit",
                "---;license: 'llama3.2' # theirs;tags: [a];--- | llama3.2",
                "---;language: en;license:;- apache-2.0;--- | apache-2.0",
                "---;extra: x;---;license: mit | ",
                "# Model;license: mit | ",
                "---;license: mit | ",
                "---;license: <script>;--- | ",
                "---;license:;--- | ",
            })
    void only_the_head_of_a_model_card_says_a_licence(String lines, String licence) {
        assertThat(UpstreamLicence.inFrontMatter(lines.replace(';', '\n').getBytes(UTF_8)))
                .isEqualTo(Optional.ofNullable(licence));
    }

    @Test
    void a_licence_that_is_no_name_is_refused() {
        assertThatThrownBy(() ->
                        ModelOrigin.of(model, Optional.of("ask the lawyers"), Optional.empty()))
                .isInstanceOfSatisfying(
                        NodeException.class,
                        e -> assertThat(e.code()).isEqualTo(Code.CONFIG_INVALID))
                .hasMessageContaining("such as apache-2.0");
    }

    @Test
    void what_is_imported_again_keeps_its_first_origin() throws IOException {
        Files.writeString(model.resolve("README.md"), "---\nlicense: mit\n---");
        ModelOrigin first = origin();
        Files.write(model.resolve(ModelOrigin.FILE), first.toBytes());
        Files.writeString(model.resolve("config.json"), "{\"torch_dtype\":\"float32\"}");
        Files.delete(model.resolve("README.md"));
        assertThat(origin()).isEqualTo(first);
    }

    @Test
    void a_damaged_origin_is_named() throws IOException {
        Files.writeString(model.resolve(ModelOrigin.FILE), "{\"source\":1}");
        assertThatThrownBy(this::origin)
                .isInstanceOf(NodeException.class)
                .hasMessageContaining("does not say where the model comes from");
    }

    private Path list(String... lines) throws IOException {
        return Files.writeString(model.resolve("sums.txt"), String.join("\n", lines) + "\n");
    }

    private static String line(String content, String path) {
        return Digest.of(content.getBytes(UTF_8)).hex() + "  " + path;
    }

    private void require(Path list) {
        DigestList.read(list).require(model, list);
    }

    @Test
    void a_directory_that_is_as_its_list_says_passes() throws IOException {
        Files.createDirectories(model.resolve("onnx"));
        Files.writeString(model.resolve("onnx/graph"), "g");
        Files.writeString(model.resolve(".gitattributes"), "hidden");
        require(list("# of release 1", line("{}", "./config.json"), line("g", "onnx/graph")));
    }

    @Test
    void a_changed_a_missing_and_an_unlisted_file_are_each_refused_by_name() throws IOException {
        refused(list(line("{ }", "config.json")), Code.DIGEST_MISMATCH, "fetch it again");
        refused(
                list(line("{}", "config.json"), line("w", "model.safetensors")),
                Code.DIGEST_MISMATCH,
                "model.safetensors is listed but not there");
        Files.writeString(model.resolve("extra.py"), "");
        refused(
                list(line("{}", "config.json")),
                Code.DIGEST_MISMATCH,
                "extra.py is not in the list");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "00  config.json",
                "%s config.json",
                "%s  /etc/passwd",
                "%s  a/../../b",
                "%s  config.json\n%<s  config.json"
            })
    void what_is_no_list_is_refused(String lines) throws IOException {
        refused(list(lines.formatted("0".repeat(64))), Code.CONFIG_INVALID, "sums.txt");
    }

    private void refused(Path list, Code code, String message) {
        assertThatThrownBy(() -> require(list))
                .isInstanceOfSatisfying(
                        NodeException.class, e -> assertThat(e.code()).isEqualTo(code))
                .hasMessageContaining(message);
    }
}
