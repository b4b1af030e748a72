package dev.tapestry.node;

import static dev.tapestry.node.ShellTrainer.DONE;
import static dev.tapestry.node.ShellTrainer.LONG;
import static dev.tapestry.node.ShellTrainer.METRICS;
import static dev.tapestry.node.ShellTrainer.WEIGHTS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tapestry.consortium.Digest;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.NodeUpdate.Stepped;
import dev.tapestry.node.ShellTrainer.Reason;
import dev.tapestry.node.round.NodeAgent.Until;
import dev.tapestry.weights.ModelDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A member whose own command trains: real shell scripts, real processes. */
@Timeout(120)
class OwnTrainerTest {

    /** Within which a trainer that hangs is ended. */
    private static final Duration SHORT = Duration.ofSeconds(8);

    @TempDir Path directory;
    private ShellTrainer trainer;
    private Stage stage;

    @BeforeEach
    void setUp() throws IOException {
        trainer = new ShellTrainer(directory);
        stage = trainer.stage;
    }

    @AfterEach
    void tearDown() {
        trainer.close();
    }

    @Test
    void what_the_command_leaves_is_contributed_and_its_steps_are_told() throws IOException {
        trainer.contributes(METRICS + WEIGHTS + DONE);
        assertThat(stage.coordinator.contributions)
                .singleElement()
                .satisfies(sent -> {
                    assertThat(sent.tokens()).isEqualTo(192);
                    assertThat(sent.steps()).isEqualTo(3);
                    assertThat(sent.trainingBitsPerByte()).isPositive();
                });
        assertThat(trainer.stepped()).extracting(Stepped::step).containsExactly(1, 2, 3);
        assertThat(trainer.stepped())
                .allMatch(step -> step.steps() == 3 && step.natsPerToken() == 5.5);
        try (ModelDirectory sent =
                        ModelDirectory.open(stage.home.outbox().resolve("round-1/weights"));
                ModelDirectory from = ModelDirectory.open(trainer.base)) {
            assertThat(sent.tensors()).isEqualTo(from.tensors());
        }
    }

    @Test
    void the_command_is_given_the_job_the_base_the_tokens_and_the_card_and_no_held_out_text()
            throws IOException {
        trainer.contributes(
                "test \"$1\" = \"$PWD\"\nls base corpus > seen\n" + METRICS + WEIGHTS + DONE);
        assertThat(Files.readString(trainer.job("job.json")))
                .contains("\"round\":1", "\"member\":\"helsinki\"", "\"steps\":3", "\"tokens\":192")
                .contains("\"batchSequences\":4", "\"sequenceLength\":16", "\"seed\":42")
                .contains("\"type\":\"muon\"", "\"momentum\":0.95", "\"epsilon\":0.0001")
                .contains("\"type\":\"cosine\"", "\"scheduleTokens\":0", "\"precision\":\"FP32\"")
                .contains("\"deadline\":\"2100-01-01T00:00:00Z\"", "\"protocol\":1");
        assertThat(Files.readAllLines(trainer.job("seen")))
                .contains("config.json", "model.safetensors", "tokenizer.json")
                .contains("card.yaml", "train.tokens")
                .noneMatch(line -> line.contains("held-out"));
        assertThat(Files.getPosixFilePermissions(trainer.job("base/model.safetensors")).toString())
                .doesNotContain("WRITE");
    }

    @Test
    void nothing_is_started_when_the_card_does_not_permit_the_training() throws IOException {
        Files.writeString(
                stage.corpus.resolve("card.yaml"), Stage.CARD.replace("contributed-cpt, ", ""));
        assertThat(trainer.declined("touch " + directory.resolve("ran"), LONG).code())
                .isEqualTo("POLICY");
        assertThat(directory.resolve("ran")).doesNotExist();
        assertThat(stage.home.job()).doesNotExist();
    }

    @Test
    void a_trainer_that_hangs_is_killed_with_all_its_children_when_its_lease_ends() {
        Reason declined =
                trainer.declined(
                        """
                        trap '' TERM
                        echo $$ > leader
                        bash -c 'trap "" TERM; echo $$ > child; while :; do sleep 60; done' &
                        setsid bash -c 'echo $$ > elsewhere; exec sleep 600' &
                        env -i bash -c 'echo $$ > nameless; exec sleep 600' &
                        echo loading
                        while :; do sleep 60; done
                        """,
                        SHORT);
        assertThat(declined.code()).isEqualTo("TRAINER_OUT_OF_TIME");
        assertThat(declined.reason()).contains(SHORT.toString(), "trainer.log", "loading");
        assertThat(List.of("leader", "child", "elsewhere", "nameless"))
                .allMatch(name -> Files.exists(trainer.job(name)))
                .noneMatch(trainer::runs);
    }

    @Test
    void a_trainer_that_steps_keeps_its_lease_however_long_it_takes() {
        trainer.contributes(
                """
                for step in 1 2 3; do
                    sleep 4
                    echo "{\\"step\\":$step,\\"tokens\\":$((step * 64)),\\"loss\\":5.5}" >> metrics.jsonl
                done
                """
                        + WEIGHTS
                        + DONE,
                Duration.ofSeconds(10));
        assertThat(trainer.stepped()).hasSize(3);
    }

    @Test
    void a_trainer_that_fails_is_told_with_its_exit_code_and_what_it_printed_first() {
        Reason declined =
                trainer.declined(
                        "echo 'no GPU was found' >&2\nsleep 600 & echo $! > child\nexit 3", LONG);
        assertThat(declined.code()).isEqualTo("TRAINER_FAILED");
        assertThat(declined.reason()).contains("exit code 3", "no GPU was found");
        assertThat(trainer.job("trainer.log")).content().contains("no GPU was found");
        assertThat(trainer.runs("child")).isFalse();
    }

    @Test
    void a_command_that_is_not_there_is_told() {
        Reason declined =
                trainer.declined(
                        stage.config()
                                .withTrainer(
                                        new TrainerCommand(
                                                List.of("/opt/none/train"),
                                                Map.of(),
                                                LONG,
                                                stage.home.job())));
        assertThat(declined.code()).isEqualTo("TRAINER_FAILED");
        assertThat(declined.reason()).contains("/opt/none/train", "trainer.command");
    }

    @Test
    void stopping_the_node_stops_the_trainer_which_may_tidy_up_first() {
        String script =
                """
                trap 'echo tidied > state/tidied; exit 0' TERM
                echo $$ > leader
                echo '{"step":1,"tokens":64,"loss":5.5}' > metrics.jsonl
                while :; do sleep 0.05; done
                """;
        try (Node node = stage.node(trainer.config(script, LONG))) {
            stage.watch(update -> {
                if (update instanceof Stepped) {
                    node.stop();
                }
            });
            assertThatThrownBy(() -> node.agent().run(Until.noRun()))
                    .isInstanceOfSatisfying(
                            NodeException.class, e -> assertThat(e.code()).isEqualTo(Code.STOPPED));
        }
        assertThat(trainer.runs("leader")).isFalse();
        assertThat(trainer.job("state/tidied")).exists();

        stage.watch(update -> {});
        trainer.contributes(METRICS + WEIGHTS + DONE);
    }

    @Test
    void a_node_that_was_killed_ends_the_orphan_and_hands_the_same_job_over_again()
            throws IOException {
        // What a killed node leaves: the job, laid out, and a process that still works for it.
        trainer.declined("echo begun > state/mark\nexit 1", LONG);
        ProcessBuilder builder =
                new ProcessBuilder("setsid", "bash", "-c", "echo $$ > state/orphan; exec sleep 600")
                        .directory(stage.home.job().toFile());
        builder.environment().put("TAPESTRY_JOB", stage.home.job().toString());
        Process marked = builder.start();
        await().until(() -> trainer.runs("state/orphan"));
        Files.writeString(trainer.job("metrics.jsonl"), "{\"step\":1,\"tokens\":64,\"loss\":9}\n");
        Files.writeString(trainer.job("model-00009-of-00009.safetensors"), "half a mod");
        stage.updates.clear();

        trainer.contributes(
                "test -e state/mark\ntest ! -e metrics.jsonl\n" + METRICS + WEIGHTS + DONE);
        assertThat(marked.isAlive()).isFalse();
        assertThat(trainer.stepped()).allMatch(step -> step.natsPerToken() == 5.5);
    }

    @Test
    void a_job_that_was_done_when_the_node_was_killed_is_used_and_not_trained_again()
            throws IOException {
        stage.coordinator.faults =
                (method, path) ->
                        path.endsWith("/contributions")
                                ? FaultyExchange.Fault.REVOKED
                                : FaultyExchange.Fault.NONE;
        String script = "echo ran >> state/runs\n" + METRICS + WEIGHTS + DONE;
        try (Node node = stage.node(trainer.config(script, LONG))) {
            assertThatThrownBy(() -> node.agent().run(Until.noRun())).hasMessageContaining("left");
        }
        Files.delete(stage.home.outbox().resolve("round-1/contribution.json"));
        stage.coordinator.faults = (method, path) -> FaultyExchange.Fault.NONE;
        trainer.contributes(script);
        assertThat(Files.readAllLines(trainer.job("state/runs"))).hasSize(1);
    }

    @Test
    void a_done_job_that_is_of_no_use_is_trained_again_and_so_is_one_of_other_settings()
            throws IOException {
        String good = "echo ran >> state/runs\n" + METRICS + WEIGHTS + DONE;
        trainer.declined("echo ran >> state/runs\n" + METRICS + DONE, LONG);
        stage.updates.clear();
        trainer.contributes(good);
        assertThat(Files.readAllLines(trainer.job("state/runs"))).hasSize(2);

        stage.coordinator.contributions.clear();
        stage.coordinator.scores.clear();
        Digest next = stage.coordinator.view().base().orElseThrow();
        stage.coordinator.announce(Stage.plan(2, next), 2);
        Files.delete(trainer.prepared);
        trainer.write(trainer.prepared, spec -> spec, 0.002f);
        trainer.contributes("test ! -e done.json\n" + good);
        assertThat(Files.readAllLines(trainer.job("state/runs"))).hasSize(3);
    }

    @Test
    void the_doctor_says_whether_the_command_could_be_run() {
        trainer.config("true", LONG).write(stage.home);
        assertThat(trainer())
                .satisfies(finding -> {
                    assertThat(finding.severity()).isEqualTo(HealthFinding.Severity.GOOD);
                    assertThat(finding.what()).contains("bash", "PT2M");
                });
        assertThat(NodeConfig.read(stage.home)).isEqualTo(trainer.config("true", LONG));
        stage.config()
                .withTrainer(
                        new TrainerCommand(
                                List.of("bash", "/opt/none.sh"), Map.of(), LONG, stage.home.job()))
                .write(stage.home);
        assertThat(trainer().what()).contains("no file /opt/none.sh");
        stage.config()
                .withTrainer(
                        new TrainerCommand(
                                List.of(directory.resolve("train.sh").toString()),
                                Map.of(),
                                LONG,
                                stage.home.job()))
                .write(stage.home);
        assertThat(trainer())
                .satisfies(finding -> {
                    assertThat(finding.severity()).isEqualTo(HealthFinding.Severity.BROKEN);
                    assertThat(finding.advice()).contains("chmod +x");
                });
    }

    private HealthFinding trainer() {
        return Doctor.examine(stage.home, java.time.InstantSource.system()).stream()
                .filter(finding -> finding.subject().equals("trainer"))
                .findFirst()
                .orElseThrow();
    }
}
