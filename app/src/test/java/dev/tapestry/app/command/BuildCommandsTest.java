package dev.tapestry.app.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Builds as a user asks for them. */
class BuildCommandsTest {

    private static final JsonMapper JSON = JsonMapper.builder().build();

    @TempDir Path directory;
    private Path plan = Path.of("");

    @BeforeEach
    void lay() throws IOException {
        Tiny.model(directory.resolve("base"));
        Tiny.corpus(directory.resolve("corpus"), "private-cpt, evaluation");
        plan =
                Files.writeString(
                        directory.resolve("build.yaml"),
                        """
                        name: minutes
                        base: base
                        stages:
                          - {type: pretrain, corpus: corpus, tokens: 512, training: {learning-rate: 0.01, batch: 2, sequence: 32}}
                        evaluation: {own: corpus, retention: corpus, tokens: 200, sequence: 32}
                        """);
    }

    @Test
    void a_plan_becomes_a_model_beside_it_that_knows_where_it_comes_from() throws IOException {
        Path json = directory.resolve("result.json");
        String said = Said.ok("build", "run", plan, "--threads", "1", "--json", json);
        Path model = directory.resolve("sovereign/minutes");
        assertThat(said)
                .contains("A, private continued pre-training", "better on the own text")
                .contains(model.toString());
        assertThat(model.resolve("weights.gguf")).isNotEmptyFile();
        assertThat(directory.resolve("builds/reports/minutes.html"))
                .content()
                .contains("<svg", "A, private continued pre-training", "No gate was broken");
        JsonNode result = JSON.readTree(Files.readString(json));
        assertThat(result.propertyNames())
                .containsExactlyInAnyOrder(
                        "stages", "gatesPassed", "gainPercent", "retentionLossPercent", "models");
        assertThat(result.path("models").path(0).asString()).isEqualTo(model.toString());
        assertThat(result.path("gainPercent").asDouble()).isPositive();

        JsonNode lineage = JSON.readTree(Said.ok("build", "lineage", directory, "--json"));
        assertThat(lineage.size()).isEqualTo(1);
        String text = lineage.at("/0/stages/0/order/texts/0/content").asString();
        assertThat(Said.ok("build", "lineage", directory, "--of", text)).contains("minutes of");
        assertThat(Said.ok("build", "lineage", directory, "--of", "0".repeat(64)))
                .contains("no model descends from it");

        JsonNode shown = JSON.readTree(Said.ok("model", "show", model, "--json"));
        assertThat(shown.path("digest")).isEqualTo(lineage.at("/0/model"));
    }

    @Test
    void a_broken_gate_ends_with_1_and_says_which() throws IOException {
        Files.writeString(
                plan,
                Files.readString(plan).replace("tokens: 200", "min-gain-percent: 99, tokens: 200"));
        Said said = Said.by("build", "run", plan, "--threads", "1");
        assertThat(said.code()).isEqualTo(1);
        assertThat(said.out()).contains("min-gain-percent is 99", "No model was made");
        assertThat(directory.resolve("sovereign")).doesNotExist();
    }

    @Test
    void a_model_is_moved_to_a_newer_base_or_stays() throws IOException {
        Said.ok("build", "run", plan, "--threads", "1");
        Path newer = directory.resolve("newer.yaml");
        Files.writeString(newer, Files.readString(plan).replace("name: minutes", "name: newer"));
        Said.ok("build", "run", newer, "--threads", "1");
        Path onto = directory.resolve("sovereign/newer");
        Path json = directory.resolve("moved.json");
        Said stays =
                Said.by(
                        "build",
                        "rebase",
                        plan,
                        "--onto",
                        onto,
                        "--threads",
                        "1",
                        "--scales",
                        "0.5",
                        "--heal",
                        "0",
                        "--no-again",
                        "--keep",
                        "1000");
        assertThat(stays.code()).isEqualTo(1);
        assertThat(stays.out()).contains("λ = 0.5", "the model stays as it is");
        String moved =
                Said.ok(
                        "build",
                        "rebase",
                        plan,
                        "--onto",
                        onto,
                        "--threads",
                        "1",
                        "--scales",
                        "0.5",
                        "--keep",
                        "50",
                        "--regression",
                        "50",
                        "--json",
                        json);
        assertThat(moved).contains("moved, by λ = 0.5");
        JsonNode result = JSON.readTree(Files.readString(json));
        assertThat(result.path("gatePassed").asBoolean()).isTrue();
        assertThat(result.path("conflicts").size()).isPositive();
        assertThat(directory.resolve("builds/reports/minutes.html"))
                .content()
                .contains("<svg", "λ = 0.5", "model.embed_tokens.weight");
        assertThat(Said.by("build", "rebase", plan, "--onto", onto, "--scales", "-1").code())
                .isEqualTo(2);
    }

    @Test
    void models_of_one_base_are_merged_and_taken_back_with_what_they_learnt_from()
            throws IOException {
        Tiny.corpus(directory.resolve("letters"), "private-cpt, evaluation");
        Files.writeString(
                directory.resolve("letters/minutes.txt"),
                Files.readString(directory.resolve("letters/minutes.txt")).replace("water", "law"));
        Path letters = directory.resolve("letters.yaml");
        Files.writeString(
                letters,
                "level: NATIONAL\n"
                        + Files.readString(plan)
                                .replace("name: minutes", "name: letters")
                                .replace("corpus: corpus", "corpus: letters")
                                .replace("own: corpus", "own: letters"));
        Said.ok("build", "run", plan, "--threads", "1");
        Said.ok("build", "run", letters, "--threads", "1");
        Path json = directory.resolve("merged.json");
        Object[] merge = {
            "build",
            "merge",
            "both",
            "--of",
            "minutes",
            "--of",
            "letters",
            "--node",
            directory,
            "--rule",
            "task-arithmetic",
            "--scales",
            "0.5,1",
            "--keep",
            "-1000",
            "--regression",
            "1000",
            "--threads",
            "1",
            "--json",
            json
        };
        assertThat(Said.ok(merge)).contains("merged, by task-arithmetic, λ = ");
        assertThat(JSON.readTree(Files.readString(json)).path("tried").size()).isEqualTo(2);
        assertThat(directory.resolve("builds/reports/both.html")).content().contains("<svg");
        assertThat(Said.by("build", "merge", "x", "--of", "minutes", "--node", directory).code())
                .isEqualTo(2);
        assertThat(Said.by("build", "merge", "x", "--of", "a", "--of", "b", "--rule", "sum").code())
                .isEqualTo(2);

        String tree = Said.ok("build", "lineage", directory);
        assertThat(tree).contains("letters, national, of", "both of", "merged of minutes, letters");
        int at = tree.indexOf("train ") + "train ".length();
        String text = tree.substring(at, at + 64);
        assertThat(Said.ok("build", "withdraw", text, "--node", directory, "--dry-run"))
                .contains("planned");
        Path taken = directory.resolve("taken.json");
        Said said =
                Said.by(
                        "build",
                        "withdraw",
                        text,
                        "--node",
                        directory,
                        "--run",
                        "--reason",
                        "no consent",
                        "--threads",
                        "1",
                        "--json",
                        taken);
        assertThat(said.code()).as("of one of them nothing is left").isEqualTo(1);
        assertThat(said.out()).contains("empty", "stuck");
        assertThat(JSON.readTree(Files.readString(taken)).path("models").size()).isEqualTo(2);
        assertThat(Said.ok("build", "lineage", directory)).contains("withdrawn " + text);
        assertThat(directory.resolve("builds/reports").toFile().list())
                .anyMatch(name -> name.startsWith("withdrawal-"));
    }

    @Test
    void a_plan_that_is_not_there_or_wrong_is_refused() throws IOException {
        Said missing = Said.by("build", "run", directory.resolve("none.yaml"));
        assertThat(missing.code()).isEqualTo(1);
        assertThat(missing.err()).contains("there is no plan");
        Files.writeString(plan, "name: x\n");
        Said wrong = Said.by("build", "run", plan);
        assertThat(wrong.code()).isEqualTo(1);
        assertThat(wrong.err()).contains("the key 'base' is missing");
    }
}
