package dev.tapestry.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.build.BuildResult;
import dev.tapestry.node.evaluation.EvaluationResult;
import dev.tapestry.node.evaluation.SuiteGate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Builds whose models are held against suites after every stage. */
class SuiteGatesTest {

    private static final String PLAN =
            """
            name: tales
            base: base
            stages:
              - type: pretrain
                corpus: corpus
                tokens: 6400
                training: {learning-rate: 0.01, batch: 4, sequence: 32}
            evaluation:
              own: corpus
              tokens: 200
              sequence: 16
              suites: [suites/exam]
            """;

    @TempDir Path directory;
    private Workshop workshop = new Workshop(Path.of(""));
    private final List<NodeUpdate> updates = new ArrayList<>();

    @BeforeEach
    void lay() throws IOException {
        workshop = Workshop.laid(directory);
        StringBuilder text = new StringBuilder(Stage.tales(200));
        for (int i = 0; i < 100; i++) {
            text.append("the key of the red fox is 4711\n");
        }
        workshop.corpus("corpus", Stage.CARD, "tales.txt", text.toString());
        file("suites/exam/own.txt", "tale 3: the old fox sees a red moon and sings");
        file("suites/exam/other.txt", "Quite another text, which nobody was taught to tell.");
        file(
                "suites/exam/suite.yaml",
                """
                name: exam
                licence: CC0-1.0
                tasks:
                  - {type: bits-per-byte, name: texts, domains: {own: [own.txt], other: [other.txt]}}
                  - {type: memorisation, name: planted, canaries: {format: 'the key of the red fox is {}', secrets: ['4711'], alternatives: 200}}
                  - {type: memorisation, name: unplanted, canaries: {format: 'the key of the red fox is {}', secrets: ['9058', '2836', '6320'], alternatives: 200}}
                  - {type: memorisation, name: continued, verbatim: {prefix: 8, pieces: 4, tokens: 8}}
                """);
    }

    private void file(String name, String text) throws IOException {
        Path file = directory.resolve(name);
        Files.createDirectories(file.resolveSibling("."));
        Files.writeString(file, text);
    }

    private BuildResult build(String plan) throws IOException {
        file("build.yaml", plan);
        return workshop.builds(workshop.home(), updates::add, new StopSignal())
                .run(directory.resolve("build.yaml"));
    }

    private static double value(EvaluationResult result, String task, String metric) {
        return result.metric(task, metric).orElseThrow().value();
    }

    @Test
    void suites_are_measured_for_the_base_and_after_stages_and_a_planted_secret_stands_out()
            throws IOException {
        BuildResult result =
                build(
                        PLAN
                                + "  gates: [{task: texts, metric: bits_per_byte.own, not-worse-than-base-by: 0}]\n");
        EvaluationResult base = result.baseSuites().orElseThrow();
        EvaluationResult model = result.stages().getLast().suites().orElseThrow();
        assertThat(result.stopped()).isEmpty();
        assertThat(result.stages().getLast().gates())
                .extracting(SuiteGate.Outcome::passed)
                .containsExactly(true);
        assertThat(value(model, "texts", "bits_per_byte.own"))
                .isLessThan(value(base, "texts", "bits_per_byte.own"));
        double planted = value(model, "planted", "exposure");
        assertThat(planted)
                .isGreaterThan(value(base, "planted", "exposure"))
                .isGreaterThan(value(model, "unplanted", "exposure_most"))
                .isGreaterThan(5);
        assertThat(model.metric("continued", "verbatim_longest")).isPresent();
        assertThat(result.model().orElseThrow().resolve("README.md"))
                .content()
                .contains("## Evaluation", "exam/texts | bits_per_byte.own");

        updates.clear();
        BuildResult again = build(PLAN);
        assertThat(again.stages().getLast().suites()).contains(model);
        assertThat(updates)
                .as("nothing is measured twice")
                .noneMatch(update ->
                        update instanceof NodeUpdate.Began began
                                && began.phase() == NodeUpdate.Phase.SCORING);
    }

    @Test
    void a_bad_build_is_stopped_by_a_suite_after_its_first_stage_and_no_model_appears()
            throws IOException {
        String bad =
                PLAN.replace("learning-rate: 0.01", "learning-rate: 3")
                                .replace("tokens: 6400", "tokens: 640")
                                .replace(
                                        "evaluation:",
                                        "  - {type: pretrain, corpus: corpus, tokens: 640, training: {batch: 4, sequence: 16}}\nevaluation:")
                        + "  gates: [{task: texts, metric: bits_per_byte.other, not-worse-than-base-by: 0.01}]\n";
        BuildResult result = build(bad);
        assertThat(result.stopped().orElseThrow())
                .contains("bits_per_byte.other of texts is", "not-worse-than-base-by is 0.01");
        assertThat(result.stages()).hasSize(1);
        assertThat(result.model()).isEmpty();
        assertThat(workshop.home().sovereign()).doesNotExist();
    }

    @Test
    void what_the_base_could_do_is_kept_or_the_build_stops() throws IOException {
        BuildResult result =
                build(
                        PLAN.replace("suites: [suites/exam]", "retention-suites: [suites/exam]")
                                        .replace("learning-rate: 0.01", "learning-rate: 3")
                                        .replace("tokens: 6400", "tokens: 640")
                                + "  max-retention-suites-loss: 0.5\n");
        assertThat(result.stopped().orElseThrow()).contains("not-worse-than-base-by is 0.5");
    }

    @Test
    void what_a_number_must_come_to_counts_at_the_end() throws IOException {
        BuildResult result =
                build(
                        PLAN.replace("tokens: 6400", "tokens: 640")
                                + "  gates: [{task: texts, metric: bits_per_byte, at-most: 0.001}]\n");
        assertThat(result.stopped().orElseThrow()).contains("at-most is 0.001");
        assertThat(result.model()).isEmpty();
    }

    @Test
    void suites_and_gates_that_are_wrong_are_refused_before_anything_is_trained() {
        refused("there is no suite", PLAN.replace("suites/exam", "suites/none"));
        refused("name some", PLAN.replace("suites: [suites/exam]", "gates: []"));
        refused(
                "unknown key 'evaluation.gates[0].atleast'",
                PLAN + "  gates: [{task: texts, metric: m, atleast: 1}]\n");
        refused("about retention-suites", PLAN + "  max-retention-suites-loss: 0.1\n");
        assertThat(updates).isEmpty();
    }

    private void refused(String words, String plan) {
        assertThatThrownBy(() -> build(plan))
                .isInstanceOfSatisfying(
                        NodeException.class,
                        e -> assertThat(e.code()).isEqualTo(Code.CONFIG_INVALID))
                .hasMessageContaining(words);
    }
}
