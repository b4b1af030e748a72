package dev.tapestry.app.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.trust.signature.SigningKey;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Evaluations as a person asks for them. */
class EvaluateCommandTest {

    private static final JsonMapper JSON = JsonMapper.builder().build();

    @TempDir Path directory;
    private Path model = Path.of("");
    private Path suite = Path.of("");

    @BeforeEach
    void lay() throws IOException {
        model = Tiny.model(directory.resolve("model"));
        suite = Tiny.suite(directory.resolve("suite"));
    }

    private JsonNode json(String name) throws IOException {
        return JSON.readTree(Files.readString(directory.resolve(name)));
    }

    @Test
    void a_model_is_measured_compared_and_shown_on_a_page() throws IOException {
        Path json = directory.resolve("result.json");
        Path page = directory.resolve("report.html");
        String said =
                Said.ok(
                        "model",
                        "evaluate",
                        model,
                        "--suite",
                        suite,
                        "--threads",
                        "1",
                        "--json",
                        json);
        assertThat(said).contains("exam/terms", "acc_norm", "bits_per_byte.minutes");
        Path corpus = Tiny.corpus(directory.resolve("corpus"), "evaluation");
        String compared =
                Said.ok(
                        "model",
                        "evaluate",
                        model,
                        "--suite",
                        suite,
                        "--threads",
                        "1",
                        "--against",
                        json,
                        "--training-text",
                        corpus,
                        "--report",
                        page);
        assertThat(compared).contains("compared with", "no clear difference", "verbatim_longest");
        assertThat(said).contains("not done: exam/memory: no training text was named");
        assertThat(page)
                .content()
                .contains("<svg", "Suite exam", "How to check this", "Guessing among four", "±");
        assertThat(json("result.json").path("gatesPassed").asBoolean()).isTrue();
        assertThat(json("result.json").at("/result/prompts").asString()).isEqualTo("plain");
    }

    @Test
    void a_broken_gate_ends_with_1_and_says_which() throws IOException {
        Path gates =
                Files.writeString(
                        directory.resolve("gates.yaml"),
                        """
                        gates:
                          - {task: texts, metric: bits_per_byte, at-most: 0.01}
                          - {task: terms, metric: acc, not-worse-than-base-by: 0}
                        """);
        Said said =
                Said.by(
                        "model",
                        "evaluate",
                        model,
                        "--suite",
                        suite,
                        "--gates",
                        gates,
                        "--against",
                        model,
                        "--json",
                        directory.resolve("result.json"));
        assertThat(said.code()).isEqualTo(1);
        assertThat(said.out())
                .contains("BROKEN  bits_per_byte of texts is", "at-most is 0.01", "passed  acc of");
        assertThat(json("result.json").path("gatesPassed").asBoolean()).isFalse();
    }

    @Test
    void what_was_measured_otherwise_is_not_compared_with() throws IOException {
        Path json = directory.resolve("result.json");
        Said.ok("model", "evaluate", model, "--suite", suite, "--json", json);
        String text = Files.readString(json);
        Files.writeString(json, text.replace("tapestry-evaluation-", "tapestry-evaluation-0"));
        Said runner = Said.by("model", "evaluate", model, "--suite", suite, "--against", json);
        assertThat(runner.code()).isEqualTo(1);
        assertThat(runner.err()).contains("another runner: tapestry-evaluation-0");
        Files.writeString(json, text);
        Files.writeString(suite.resolve("notes.txt"), "one file more");
        Said changed = Said.by("model", "evaluate", model, "--suite", suite, "--against", json);
        assertThat(changed.err()).contains("another suite exam: ");
        Said twice = Said.by("model", "evaluate", model, "--suite", suite, "--suite", suite);
        assertThat(twice.code()).isEqualTo(1);
        assertThat(twice.err()).contains("two suites have one name: exam");
    }

    @Test
    void signed_results_are_verified_by_the_file_alone_and_changed_ones_are_not()
            throws IOException {
        Path key = directory.resolve("key.pem");
        SigningKey signing = SigningKey.loadOrCreate(key);
        Path evidence = directory.resolve("exam.dsse.json");
        Said.ok(
                "model",
                "evaluate",
                model,
                "--suite",
                suite,
                "--sign",
                key,
                "--evidence",
                evidence);
        assertThat(Said.ok("verify", "evaluation", evidence))
                .contains("unchanged since it was signed", "by the document's own word", "exam");
        assertThat(
                        Said.ok(
                                "verify",
                                "evaluation",
                                evidence,
                                "--key",
                                signing.verifyingKey().value()))
                .doesNotContain("own word");
        Said other =
                Said.by(
                        "verify",
                        "evaluation",
                        evidence,
                        "--key",
                        SigningKey.generate().verifyingKey().value());
        assertThat(other.code()).isEqualTo(1);
        assertThat(other.err()).contains("no signature of key");

        JsonNode envelope = JSON.readTree(Files.readString(evidence));
        String payload =
                new String(
                        Base64.getDecoder().decode(envelope.path("payload").asString()),
                        StandardCharsets.UTF_8);
        String forged =
                Base64.getEncoder()
                        .encodeToString(
                                payload.replace("\"seed\":1", "\"seed\":2")
                                        .getBytes(StandardCharsets.UTF_8));
        Files.writeString(
                evidence,
                Files.readString(evidence).replace(envelope.path("payload").asString(), forged));
        Said changed = Said.by("verify", "evaluation", evidence);
        assertThat(changed.code()).isEqualTo(1);
        assertThat(changed.err()).contains("it was changed after it was signed");
    }

    @Test
    void what_is_wrong_is_said_before_the_model_is_asked() throws IOException {
        Said none = Said.by("model", "evaluate", model, "--suite", directory.resolve("none"));
        assertThat(none.code()).isEqualTo(1);
        assertThat(none.err()).contains("there is no suite", "cultural-map");
        assertThat(Said.by("model", "evaluate", model, "--suite", suite, "--sign", "k").code())
                .isEqualTo(2);
        Path notes = Files.writeString(directory.resolve("notes.json"), "{}");
        Said against = Said.by("model", "evaluate", model, "--suite", suite, "--against", notes);
        assertThat(against.code()).isEqualTo(1);
        Said missing = Said.by("model", "evaluate", directory.resolve("none"), "--suite", suite);
        assertThat(missing.code()).isEqualTo(1);
        assertThat(missing.err()).contains("there is no model directory");
    }
}
