package dev.tapestry.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tapestry.consortium.CodecName;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.NodeUpdate.Declined;
import dev.tapestry.node.NodeUpdate.Hindered;
import dev.tapestry.node.NodeUpdate.Stepped;
import dev.tapestry.node.round.NodeAgent.Until;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.FloatConversion;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.SafetensorsWriter;
import dev.tapestry.weights.TensorSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A member whose own command trains: real shell scripts, real processes. */
@Timeout(120)
class OwnTrainerTest {

    private static final Duration LONG = Duration.ofMinutes(2);
    private static final Duration SHORT = Duration.ofSeconds(8);

    /** What a trainer that does all as it should would leave; 3 steps of 64 tokens. */
    private static final String METRICS =
            """
            printf '{"step":%d,"tokens":%d,"loss":5.5}\\n' 1 64 2 128 3 192 > metrics.jsonl
            """;

    private static final String WEIGHTS = "cp $PREPARED model.safetensors\n";
    private static final String DONE =
            "echo '{\"tokens\":192,\"steps\":3,\"meanLoss\":5.5}' > done.json\n";

    @TempDir Path directory;
    private Stage stage;
    private Path base;
    private Path prepared;

    @BeforeEach
    void setUp() throws IOException {
        stage = new Stage(directory).joined();
        base = stage.base("base", 1);
        prepared = directory.resolve("prepared.safetensors");
        write(prepared, spec -> spec, 0.001f);
        Digest digest = stage.coordinator.adopt(base);
        stage.coordinator.announce(Stage.plan(1, digest), 1);
    }

    @AfterEach
    void tearDown() {
        stage.close();
    }

    /** The base's tensors, each number moved a little, and each tensor declared as wished. */
    private void write(Path file, UnaryOperator<TensorSpec> declared, float moved) {
        try (ModelDirectory model = ModelDirectory.open(base)) {
            List<TensorSpec> specs = model.tensors().values().stream().map(declared).toList();
            try (SafetensorsWriter writer = SafetensorsWriter.create(file, specs, Map.of())) {
                for (TensorSpec spec : specs) {
                    MemorySegment to = writer.data(spec.name());
                    if (!model.tensors().containsKey(spec.name())) {
                        continue;
                    }
                    MemorySegment from = model.data(spec.name());
                    if (spec.dtype() != DType.F32 || to.byteSize() != from.byteSize()) {
                        continue;
                    }
                    for (long at = 0; at < to.byteSize(); at += Float.BYTES) {
                        to.set(
                                FloatConversion.FLOAT_LE,
                                at,
                                from.get(FloatConversion.FLOAT_LE, at) + moved);
                    }
                }
                writer.commit();
            }
        }
    }

    private NodeConfig config(String script, Duration lease) {
        Path file = directory.resolve("train.sh");
        try {
            Files.writeString(file, "set -eu\n" + script);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return stage.config()
                .withTrainer(
                        new TrainerCommand(
                                List.of("bash", file.toString()),
                                Map.of("PREPARED", prepared.toString()),
                                lease,
                                stage.home.job()));
    }

    /** Why the node takes no part; it would try again what may pass. */
    private record Reason(String code, String reason) {}

    /** Looks at the round once, and returns why the node takes no part. */
    private Reason declined(String script, Duration lease) {
        return declined(config(script, lease));
    }

    private Reason declined(NodeConfig config) {
        List<Reason> found = new ArrayList<>();
        try (Node node = stage.node(config)) {
            stage.watch(update -> {
                switch (update) {
                    case Declined no -> found.add(new Reason(no.code(), no.reason()));
                    case Hindered not -> {
                        found.add(new Reason(not.code(), not.reason()));
                        node.stop();
                    }
                    default -> {}
                }
            });
            node.agent().run(view -> true);
        } catch (NodeException e) {
            assertThat(e.code()).isEqualTo(NodeException.Code.STOPPED);
        }
        assertThat(stage.coordinator.contributions).isEmpty();
        return found.getFirst();
    }

    private void contributes(String script) {
        contributes(script, LONG);
    }

    private void contributes(String script, Duration lease) {
        stage.updates.clear();
        try (Node node = stage.node(config(script, lease))) {
            node.agent().run(Until.noRun());
        }
        assertThat(stage.updates).noneMatch(Declined.class::isInstance);
        assertThat(stage.coordinator.contributions).hasSize(1);
        assertThat(stage.coordinator.scores).hasSize(1);
    }

    private List<Stepped> stepped() {
        return stage.updates.stream()
                .filter(Stepped.class::isInstance)
                .map(Stepped.class::cast)
                .toList();
    }

    private Path job(String name) {
        return stage.home.job().resolve(name);
    }

    /** Whether a process that wrote its id into the job directory still runs. */
    private boolean runs(String name) {
        try {
            long pid = Long.parseLong(Files.readString(job(name)).strip());
            return Files.readString(Path.of("/proc", Long.toString(pid), "stat"))
                    .replaceAll(".*\\) ", "")
                    .matches("(?s)[^ZX].*");
        } catch (IOException e) {
            return false; // it is gone
        }
    }

    @Test
    void what_the_command_leaves_is_contributed_and_its_steps_are_told() throws IOException {
        contributes(METRICS + WEIGHTS + DONE);
        assertThat(stage.coordinator.contributions)
                .singleElement()
                .satisfies(sent -> {
                    assertThat(sent.tokens()).isEqualTo(192);
                    assertThat(sent.steps()).isEqualTo(3);
                    assertThat(sent.trainingBitsPerByte()).isPositive();
                });
        assertThat(stepped()).extracting(Stepped::step).containsExactly(1, 2, 3);
        assertThat(stepped()).allMatch(step -> step.steps() == 3 && step.natsPerToken() == 5.5);
        try (ModelDirectory sent =
                        ModelDirectory.open(stage.home.outbox().resolve("round-1/weights"));
                ModelDirectory from = ModelDirectory.open(base)) {
            assertThat(sent.tensors()).isEqualTo(from.tensors());
        }
    }

    @Test
    void the_command_is_given_the_job_the_base_the_tokens_and_the_card_and_no_held_out_text()
            throws IOException {
        contributes("test \"$1\" = \"$PWD\"\nls base corpus > seen\n" + METRICS + WEIGHTS + DONE);
        assertThat(Files.readString(job("job.json")))
                .contains("\"round\":1", "\"member\":\"helsinki\"", "\"steps\":3", "\"tokens\":192")
                .contains("\"batchSequences\":4", "\"sequenceLength\":16", "\"seed\":42")
                .contains("\"type\":\"muon\"", "\"momentum\":0.95", "\"epsilon\":0.0001")
                .contains("\"type\":\"cosine\"", "\"scheduleTokens\":0", "\"precision\":\"FP32\"")
                .contains("\"deadline\":\"2100-01-01T00:00:00Z\"", "\"protocol\":1");
        assertThat(Files.readAllLines(job("seen")))
                .contains("config.json", "model.safetensors", "tokenizer.json")
                .contains("card.yaml", "train.tokens")
                .noneMatch(line -> line.contains("held-out"));
        assertThat(Files.getPosixFilePermissions(job("base/model.safetensors")).toString())
                .doesNotContain("WRITE");
    }

    @Test
    void nothing_is_started_when_the_card_does_not_permit_the_training() throws IOException {
        Files.writeString(
                stage.corpus.resolve("card.yaml"), Stage.CARD.replace("contributed-cpt, ", ""));
        assertThat(declined("touch " + directory.resolve("ran"), LONG).code()).isEqualTo("POLICY");
        assertThat(directory.resolve("ran")).doesNotExist();
        assertThat(stage.home.job()).doesNotExist();
    }

    @Test
    void a_trainer_that_hangs_is_killed_with_all_its_children_when_its_lease_ends() {
        Reason declined =
                declined(
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
                .allMatch(name -> Files.exists(job(name)))
                .noneMatch(this::runs);
    }

    @Test
    void a_trainer_that_steps_keeps_its_lease_however_long_it_takes() {
        contributes(
                """
                for step in 1 2 3; do
                    sleep 4
                    echo "{\\"step\\":$step,\\"tokens\\":$((step * 64)),\\"loss\\":5.5}" >> metrics.jsonl
                done
                """
                        + WEIGHTS
                        + DONE,
                Duration.ofSeconds(10));
        assertThat(stepped()).hasSize(3);
    }

    @Test
    void a_trainer_that_is_not_done_at_the_deadline_is_stopped() throws IOException {
        RoundPlan plan = Stage.plan(1, stage.coordinator.view().base().orElseThrow());
        stage.coordinator.announce(
                new RoundPlan(
                        plan.round(),
                        plan.base(),
                        plan.training(),
                        plan.merge(),
                        plan.scoringTokens(),
                        plan.invited(),
                        Instant.now().plusSeconds(1)),
                1);
        Reason declined = declined("echo $$ > leader\nwhile :; do echo .; sleep 0.1; done", LONG);
        assertThat(declined.code()).isEqualTo("TRAINER_OUT_OF_TIME");
        assertThat(declined.reason()).contains("deadline");
        assertThat(runs("leader")).isFalse();
    }

    @Test
    void a_trainer_that_fails_is_told_with_its_exit_code_and_what_it_printed_first() {
        Reason declined =
                declined("echo 'no GPU was found' >&2\nsleep 600 & echo $! > child\nexit 3", LONG);
        assertThat(declined.code()).isEqualTo("TRAINER_FAILED");
        assertThat(declined.reason()).contains("exit code 3", "no GPU was found");
        assertThat(job("trainer.log")).content().contains("no GPU was found");
        assertThat(runs("child")).isFalse();
    }

    @Test
    void where_gradients_are_shared_they_are_asked_for_beside_the_weights() throws IOException {
        shareGradients();
        refusedWeights(WEIGHTS, "neither gradient.safetensors nor gradient-*.safetensors");
        contributes(METRICS + WEIGHTS + "cp $PREPARED gradient.safetensors\n" + DONE);
        assertThat(job("job.json")).content().contains("\"gradients\":{\"corrected\":false}");
        assertThat(stage.coordinator.contributions)
                .singleElement()
                .satisfies(sent -> assertThat(sent.gradient()).isPresent());
    }

    @Test
    void a_gradient_that_is_none_is_refused() throws IOException {
        shareGradients();
        Path broken = directory.resolve("broken.safetensors");
        write(broken, spec -> spec, Float.NaN);
        refusedWeights(WEIGHTS + "cp " + broken + " gradient.safetensors", "NON_FINITE");
        assertThat(stage.home.outbox().resolve("round-1/weights"))
                .as("all that is asked, or nothing")
                .doesNotExist();
        Path sum = directory.resolve("sum.safetensors");
        write(sum, spec -> spec, 100);
        refusedWeights(WEIGHTS + "cp " + sum + " gradient.safetensors", "GRADIENT_TOO_LARGE");
        refusedWeights(
                WEIGHTS + "head -c 3000 $PREPARED > gradient.safetensors", "gradient.safetensors");
    }

    private void shareGradients() {
        Digest digest = stage.coordinator.view().base().orElseThrow();
        stage.coordinator.announce(
                Stage.plan(Stage.RUN.sharing(new CodecName("int8/1")), 1, digest), 1);
    }

    @Test
    void a_command_that_is_not_there_is_told() {
        Reason declined =
                declined(
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
        try (Node node = stage.node(config(script, LONG))) {
            stage.watch(update -> {
                if (update instanceof Stepped) {
                    node.stop();
                }
            });
            assertThatThrownBy(() -> node.agent().run(Until.noRun()))
                    .isInstanceOfSatisfying(
                            NodeException.class, e -> assertThat(e.code()).isEqualTo(Code.STOPPED));
        }
        assertThat(runs("leader")).isFalse();
        assertThat(job("state/tidied")).exists();

        stage.watch(update -> {});
        contributes(METRICS + WEIGHTS + DONE);
    }

    @Test
    void a_node_that_was_killed_ends_the_orphan_and_hands_the_same_job_over_again()
            throws IOException {
        // What a killed node leaves: the job, laid out, and a process that still works for it.
        declined("echo begun > state/mark\nexit 1", LONG);
        ProcessBuilder builder =
                new ProcessBuilder("setsid", "bash", "-c", "echo $$ > state/orphan; exec sleep 600")
                        .directory(stage.home.job().toFile());
        builder.environment().put("TAPESTRY_JOB", stage.home.job().toString());
        Process marked = builder.start();
        await().until(() -> runs("state/orphan"));
        Files.writeString(job("metrics.jsonl"), "{\"step\":1,\"tokens\":64,\"loss\":9}\n");
        Files.writeString(job("model-00009-of-00009.safetensors"), "half a mod");
        stage.updates.clear();

        contributes("test -e state/mark\ntest ! -e metrics.jsonl\n" + METRICS + WEIGHTS + DONE);
        assertThat(marked.isAlive()).isFalse();
        assertThat(stepped()).allMatch(step -> step.natsPerToken() == 5.5);
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
        try (Node node = stage.node(config(script, LONG))) {
            assertThatThrownBy(() -> node.agent().run(Until.noRun())).hasMessageContaining("left");
        }
        Files.delete(stage.home.outbox().resolve("round-1/contribution.json"));
        stage.coordinator.faults = (method, path) -> FaultyExchange.Fault.NONE;
        contributes(script);
        assertThat(Files.readAllLines(job("state/runs"))).hasSize(1);
    }

    @Test
    void a_done_job_that_is_of_no_use_is_trained_again_and_so_is_one_of_other_settings()
            throws IOException {
        String good = "echo ran >> state/runs\n" + METRICS + WEIGHTS + DONE;
        declined("echo ran >> state/runs\n" + METRICS + DONE, LONG);
        stage.updates.clear();
        contributes(good);
        assertThat(Files.readAllLines(job("state/runs"))).hasSize(2);

        stage.coordinator.contributions.clear();
        stage.coordinator.scores.clear();
        Digest next = stage.coordinator.view().base().orElseThrow();
        stage.coordinator.announce(Stage.plan(2, next), 2);
        Files.delete(prepared);
        write(prepared, spec -> spec, 0.002f);
        contributes("test ! -e done.json\n" + good);
        assertThat(Files.readAllLines(job("state/runs"))).hasSize(3);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "| it is missing",
                "echo '{}' > done.json | is missing",
                "echo '{' > done.json | done.json",
                "echo '{\"tokens\":192,\"steps\":2,\"meanLoss\":5.5}' > done.json | 192 tokens in 2 steps; the round asks for 192 in 3",
                "echo '{\"tokens\":9,\"steps\":3,\"meanLoss\":5.5}' > done.json | 9 tokens in 3 steps",
                "echo '{\"tokens\":192,\"steps\":3,\"meanLoss\":NaN}' > done.json | done.json",
                "echo '{\"tokens\":192,\"steps\":3,\"meanLoss\":-1}' > done.json | meanLoss is 0 or more",
                "echo '{\"tokens\":192,\"steps\":3,\"meanLoss\":5.5,\"more\":1}' > done.json | unknown member",
                "head -c 100000 /dev/zero > done.json | more than 65536 bytes",
                "echo '{\"tokens\":192,\"steps\":3,\"meanLoss\":5.5}' > x; ln -s x done.json | links are not followed",
                "mkdir done.json | no plain file",
            })
    void a_wrong_done_file_is_refused(String line, String reason) {
        Reason declined = declined(METRICS + WEIGHTS + (line == null ? "" : line), LONG);
        assertThat(declined.code()).isEqualTo("TRAINER_OUTPUT");
        assertThat(declined.reason()).contains("done.json", reason);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "| ends with step 0; the round has 3",
                "echo '{\"step\":1,\"tokens\":64,\"loss\":5}' > metrics.jsonl | ends with step 1; the round has 3",
                "echo 'step 1' > metrics.jsonl | line 1",
                "echo '{\"step\":1,\"tokens\":64,\"loss\":NaN}' > metrics.jsonl | line 1",
                "echo '{\"step\":4,\"tokens\":64,\"loss\":5}' > metrics.jsonl | step 4 of 3",
                "echo '{\"step\":3,\"tokens\":999,\"loss\":5}' > metrics.jsonl | 999 of 192 tokens",
                "printf '{\"step\":2,\"tokens\":64,\"loss\":5}\\n%.0s' 1 2 > metrics.jsonl | line 2 has step 2",
                "head -c 50000000 /dev/zero > metrics.jsonl | longer than 4096 bytes",
                "ln -s /etc/passwd metrics.jsonl | links and pipes are not followed",
                "mkfifo metrics.jsonl | links and pipes are not followed",
            })
    void wrong_metrics_are_refused(String line, String reason) {
        Reason declined = declined((line == null ? "" : line + "\n") + WEIGHTS + DONE, LONG);
        assertThat(declined.code()).isEqualTo("TRAINER_OUTPUT");
        assertThat(declined.reason()).contains("metrics.jsonl", reason);
    }

    @Test
    void an_endless_line_ends_the_trainer_at_once() {
        Reason declined =
                declined(
                        "echo $$ > leader\nyes '' | tr -d '\\n' > metrics.jsonl & yes | tr -d '\\n' > metrics.jsonl",
                        LONG);
        assertThat(declined.code()).isEqualTo("TRAINER_OUTPUT");
        assertThat(declined.reason()).contains("line 1 is longer than 4096 bytes");
        assertThat(runs("leader")).isFalse();
    }

    @Test
    void weights_that_are_missing_or_lead_elsewhere_are_refused() {
        refusedWeights("true", "neither model.safetensors nor model-*.safetensors");
        refusedWeights("ln -s $PREPARED model.safetensors", "links are not followed");
        refusedWeights("echo no > model.safetensors", "model.safetensors");
        refusedWeights(
                "cp $PREPARED model.safetensors; cp $PREPARED model-2.safetensors",
                "is in more than one file");
        refusedWeights("head -c 3000 $PREPARED > model.safetensors", "model.safetensors");
    }

    @Test
    void weights_of_another_kind_than_the_base_s_are_refused() {
        String norm = "model.norm.weight";
        prepare(spec -> spec.name().equals(norm) ? TensorSpec.of(norm, DType.F32, 8) : spec);
        refusedWeights(WEIGHTS, "'model.norm.weight' has shape [8]; the base has [16]");
        prepare(spec -> spec.name().equals(norm) ? TensorSpec.of(norm, DType.F16, 16) : spec);
        refusedWeights(WEIGHTS, "'model.norm.weight' is F16; write F32, or BF16");
        prepare(spec ->
                spec.name().equals(norm) ? TensorSpec.of("lm_head.weight", DType.F32, 16) : spec);
        refusedWeights(WEIGHTS, "'lm_head.weight' is not in the base");
    }

    @Test
    void a_tensor_that_is_missing_a_number_that_is_none_and_an_untrained_model_are_refused()
            throws IOException {
        Files.delete(prepared);
        try (ModelDirectory model = ModelDirectory.open(base)) {
            List<TensorSpec> specs = new ArrayList<>(model.tensors().values());
            specs.removeLast();
            try (SafetensorsWriter writer = SafetensorsWriter.create(prepared, specs, Map.of())) {
                writer.commit();
            }
        }
        refusedWeights(WEIGHTS, "of the base is missing");
        Files.delete(prepared);
        write(prepared, spec -> spec, Float.NaN);
        refusedWeights(WEIGHTS, "NON_FINITE");
        Files.delete(prepared);
        write(prepared, spec -> spec, 0);
        refusedWeights(WEIGHTS, "UPDATE_IS_ZERO");
    }

    private void prepare(UnaryOperator<TensorSpec> declared) {
        try {
            Files.deleteIfExists(prepared);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        write(prepared, declared, 0.001f);
    }

    private void refusedWeights(String lines, String reason) {
        stage.updates.clear();
        Reason declined = declined(METRICS + lines + "\n" + DONE, LONG);
        assertThat(declined.code()).as(declined.reason()).isEqualTo("TRAINER_OUTPUT");
        assertThat(declined.reason()).contains(reason);
    }

    @Test
    void shards_are_read_together_and_the_log_is_not_written_through_a_link() throws IOException {
        Path precious = Files.writeString(directory.resolve("precious"), "keep me");
        declined("ln -sf " + precious + " trainer.log\nexit 1", LONG);
        stage.updates.clear();
        Path second = directory.resolve("second.safetensors");
        try (ModelDirectory model = ModelDirectory.open(base)) {
            List<TensorSpec> specs = List.copyOf(model.tensors().values());
            shard(prepared, model, specs.subList(0, 3));
            shard(second, model, specs.subList(3, specs.size()));
        }
        contributes(
                METRICS
                        + "cp $PREPARED model-00001-of-00002.safetensors\ncp "
                        + second
                        + " model-00002-of-00002.safetensors\n"
                        + DONE);
        assertThat(precious).content().isEqualTo("keep me");
    }

    private static void shard(Path file, ModelDirectory model, List<TensorSpec> specs)
            throws IOException {
        Files.deleteIfExists(file);
        try (SafetensorsWriter writer = SafetensorsWriter.create(file, specs, Map.of())) {
            for (TensorSpec spec : specs) {
                writer.data(spec.name()).copyFrom(model.data(spec.name()));
                writer.data(spec.name()).set(FloatConversion.FLOAT_LE, 0, 0.01f);
            }
            writer.commit();
        }
    }

    @Test
    void the_doctor_says_whether_the_command_could_be_run() {
        config("true", LONG).write(stage.home);
        assertThat(trainer())
                .satisfies(finding -> {
                    assertThat(finding.severity()).isEqualTo(HealthFinding.Severity.GOOD);
                    assertThat(finding.what()).contains("bash", "PT2M");
                });
        assertThat(NodeConfig.read(stage.home)).isEqualTo(config("true", LONG));
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
