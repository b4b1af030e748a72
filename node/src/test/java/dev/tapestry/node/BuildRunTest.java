package dev.tapestry.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.consortium.Digest;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.build.BuildResult;
import dev.tapestry.node.build.SovereignBuild;
import dev.tapestry.weights.ModelDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sovereign Builds by plan, in a directory that is no node. */
class BuildRunTest {

    private static final String PLAN =
            """
            name: tales
            base: base
            stages:
              - type: pretrain
                corpus: corpus
                tokens: 640
                training: {learning-rate: 0.01, batch: 4, sequence: 16}
              - type: pretrain
                corpus: corpus
                tokens: 256
                training: {learning-rate: 0.002, batch: 4, sequence: 16}
            evaluation:
              own: corpus
              retention: open
              tokens: 200
              sequence: 16
            """;

    @TempDir Path directory;
    private final List<NodeUpdate> updates = new ArrayList<>();
    private Workshop workshop = new Workshop(Path.of(""));

    @BeforeEach
    void lay() throws IOException {
        workshop = Workshop.laid(directory);
        plan(PLAN);
    }

    private BuildResult build(Path home, NodeProgress progress, StopSignal signal) {
        return workshop.builds(new NodeHome(home), progress, signal)
                .run(directory.resolve("build.yaml"));
    }

    private BuildResult build(Path home) {
        return build(home, updates::add, new StopSignal());
    }

    private static Digest model(BuildResult result) {
        return SovereignBuild.digest(result.model().orElseThrow());
    }

    @Test
    void each_stage_begins_with_the_model_of_the_one_before_and_is_measured() {
        BuildResult result = build(directory.resolve("home"));
        assertThat(result.stages()).hasSize(2);
        assertThat(result.stages().getFirst().tokens()).isEqualTo(640);
        assertThat(result.stages().getFirst().after().own()).isLessThan(result.before().own());
        assertThat(result.gainPercent()).isPositive();
        assertThat(result.retentionLossPercent()).isPresent();
        assertThat(model(result)).isEqualTo(result.stages().getLast().model());
        Path model = result.model().orElseThrow();
        assertThat(model.resolve("weights.gguf")).isNotEmptyFile();
        assertThat(model.resolve("README.md"))
                .content()
                .contains(result.base().hex(), result.stages().getLast().model().hex());
        try (ModelDirectory written = ModelDirectory.open(model)) {
            assertThat(written.tensors()).isNotEmpty();
        }
    }

    @Test
    void the_same_plan_gives_the_same_model_elsewhere_and_is_not_trained_twice_here() {
        Path home = directory.resolve("home");
        BuildResult first = build(home);
        updates.clear();
        BuildResult again = build(home);
        assertThat(again.stages()).allMatch(BuildResult.Done::reused);
        assertThat(updates).noneMatch(NodeUpdate.Stepped.class::isInstance);
        assertThat(model(again)).isEqualTo(model(first));
        assertThat(again.before()).isEqualTo(first.before());
        assertThat(model(build(directory.resolve("elsewhere")))).isEqualTo(model(first));
    }

    @Test
    void a_later_stage_that_was_changed_does_not_have_the_earlier_one_made_again()
            throws IOException {
        Path home = directory.resolve("home");
        BuildResult first = build(home);
        Files.writeString(
                directory.resolve("build.yaml"), PLAN.replace("tokens: 256", "tokens: 128"));
        BuildResult second = build(home);
        assertThat(second.stages().getFirst().reused()).isTrue();
        assertThat(second.stages().getLast().reused()).isFalse();
        assertThat(second.stages().getLast().model())
                .isNotEqualTo(first.stages().getLast().model());
    }

    @Test
    void a_build_that_is_stopped_in_the_middle_of_a_stage_goes_on_to_the_same_model() {
        BuildResult whole = build(directory.resolve("whole"));
        updates.clear();
        Path home = directory.resolve("home");
        StopSignal asked = new StopSignal();
        assertThatThrownBy(() ->
                        build(
                                home,
                                update -> {
                                    if (update instanceof NodeUpdate.Stepped step
                                            && step.step() == 5) {
                                        asked.request();
                                    }
                                },
                                asked))
                .isInstanceOfSatisfying(
                        NodeException.class, e -> assertThat(e.code()).isEqualTo(Code.STOPPED));
        BuildResult resumed = build(home);
        assertThat(updates)
                .filteredOn(NodeUpdate.Stepped.class::isInstance)
                .first()
                .satisfies(step -> assertThat(((NodeUpdate.Stepped) step).step()).isEqualTo(6));
        assertThat(model(resumed)).isEqualTo(model(whole));
        assertThat(resumed)
                .usingRecursiveComparison()
                .ignoringFields("model", "stages.reused")
                .isEqualTo(whole);
    }

    @Test
    void a_stage_whose_model_was_damaged_is_made_again() throws IOException {
        Path home = directory.resolve("home");
        BuildResult first = build(home);
        try (Stream<Path> files = Files.walk(home.resolve("builds"))) {
            for (Path file : files.filter(f -> f.toString().endsWith(".safetensors")).toList()) {
                byte[] bytes = Files.readAllBytes(file);
                bytes[bytes.length - 1] ^= 1;
                Files.write(file, bytes);
            }
        }
        BuildResult again = build(home);
        assertThat(again.stages()).noneMatch(BuildResult.Done::reused);
        assertThat(model(again)).isEqualTo(model(first));
    }

    @Test
    void a_gate_that_is_broken_stops_the_build_with_the_reason_and_no_model_appears()
            throws IOException {
        Files.writeString(directory.resolve("build.yaml"), PLAN + "  min-gain-percent: 99\n");
        BuildResult gain = build(directory.resolve("home"));
        assertThat(gain.stopped().orElseThrow()).contains("min-gain-percent is 99");
        assertThat(gain.model()).isEmpty();
        assertThat(directory.resolve("home/sovereign")).doesNotExist();

        Files.writeString(
                directory.resolve("build.yaml"), PLAN + "  max-retention-loss-percent: -99\n");
        BuildResult forgotten = build(directory.resolve("home"));
        assertThat(forgotten.stages()).hasSize(1);
        assertThat(forgotten.stopped().orElseThrow()).contains("max-retention-loss-percent");
    }

    @Test
    void a_base_that_is_not_the_one_of_the_plan_is_refused() throws IOException {
        Files.writeString(
                directory.resolve("build.yaml"), "base-digest: " + "0".repeat(64) + "\n" + PLAN);
        refused(Code.DIGEST_MISMATCH, "base-digest asks for");
    }

    @Test
    void plans_that_are_wrong_are_refused_by_the_key() throws IOException {
        plan(PLAN.replace("tokens: 640", "tokenz: 640"));
        refused(Code.CONFIG_INVALID, "unknown key 'stages[0].tokenz'");
        plan(PLAN.replace("tokens: 640", "tokens: 0"));
        refused(Code.CONFIG_INVALID, "stages[0]");
        plan(PLAN.replace("type: pretrain", "type: anneal"));
        refused(Code.CONFIG_INVALID, "one of [pretrain, instruct, align, reward] is expected");
        plan(PLAN.replace("name: tales", "name: ../tales"));
        refused(Code.CONFIG_INVALID, "name");
        plan("name: tales\nbase: base\nstages: []\nevaluation: {own: corpus}\n");
        refused(Code.CONFIG_INVALID, "at least one stage");
        plan(PLAN.replace("base: base", "base: model:../base"));
        refused(Code.CONFIG_INVALID, "base: a name has");
        plan(PLAN.replace("  retention: open\n", "") + "  max-retention-loss-percent: 2\n");
        refused(Code.CONFIG_INVALID, "is about retention");
        plan("data: [{name: a, plan: a.yaml}, {name: a, plan: b.yaml}]\n" + PLAN);
        refused(Code.CONFIG_INVALID, "there twice: [a, a]");
        plan(PLAN.replace("own: corpus", "own: prepared:other"));
        refused(Code.CONFIG_INVALID, "'prepared:other' is not prepared");
        plan(PLAN.replace("corpus: corpus", "corpus: prepared:../../corpus"));
        refused(Code.CONFIG_INVALID, "is not prepared");
        plan(PLAN.replace("base: base", "base: nowhere"));
        refused(Code.WRONG_MODEL, "nowhere");
        plan(PLAN.replace("own: corpus", "own: nowhere"));
        refused(Code.POLICY, "nowhere");
    }

    @Test
    void a_card_that_does_not_permit_private_training_stops_the_build() throws IOException {
        Files.writeString(
                directory.resolve("corpus/card.yaml"), Stage.CARD.replace("private-cpt, ", ""));
        refused(Code.POLICY, "does not permit private-cpt");
    }

    private void plan(String yaml) throws IOException {
        Files.writeString(directory.resolve("build.yaml"), yaml);
    }

    private void refused(Code code, String words) {
        assertThatThrownBy(() -> build(directory.resolve("home")))
                .isInstanceOfSatisfying(
                        NodeException.class,
                        e -> {
                            assertThat(e.code()).isEqualTo(code);
                            assertThat(e).hasMessageContaining(words);
                        });
    }
}
