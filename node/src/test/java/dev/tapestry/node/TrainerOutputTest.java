package dev.tapestry.node;

import static dev.tapestry.node.ShellTrainer.DONE;
import static dev.tapestry.node.ShellTrainer.LONG;
import static dev.tapestry.node.ShellTrainer.METRICS;
import static dev.tapestry.node.ShellTrainer.WEIGHTS;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.CodecName;
import dev.tapestry.consortium.Digest;
import dev.tapestry.node.ShellTrainer.Reason;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.FloatConversion;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.SafetensorsWriter;
import dev.tapestry.weights.TensorSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
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

/** What a member's own trainer leaves is foreign: read with care, and refused for what it lacks. */
@Timeout(120)
class TrainerOutputTest {

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
    void where_gradients_are_shared_they_are_asked_for_beside_the_weights() throws IOException {
        shareGradients();
        refusedWeights(WEIGHTS, "neither gradient.safetensors nor gradient-*.safetensors");
        trainer.contributes(METRICS + WEIGHTS + "cp $PREPARED gradient.safetensors\n" + DONE);
        assertThat(trainer.job("job.json"))
                .content()
                .contains("\"gradients\":{\"corrected\":false}");
        assertThat(stage.coordinator.contributions)
                .singleElement()
                .satisfies(sent -> assertThat(sent.gradient()).isPresent());
    }

    @Test
    void a_gradient_that_is_none_is_refused() throws IOException {
        shareGradients();
        Path broken = directory.resolve("broken.safetensors");
        trainer.write(broken, spec -> spec, Float.NaN);
        refusedWeights(WEIGHTS + "cp " + broken + " gradient.safetensors", "NON_FINITE");
        assertThat(stage.home.outbox().resolve("round-1/weights"))
                .as("all that is asked, or nothing")
                .doesNotExist();
        Path sum = directory.resolve("sum.safetensors");
        trainer.write(sum, spec -> spec, 100);
        refusedWeights(WEIGHTS + "cp " + sum + " gradient.safetensors", "GRADIENT_TOO_LARGE");
        refusedWeights(
                WEIGHTS + "head -c 3000 $PREPARED > gradient.safetensors", "gradient.safetensors");
    }

    private void shareGradients() {
        Digest digest = stage.coordinator.view().base().orElseThrow();
        stage.coordinator.announce(
                Stage.plan(Stage.RUN.sharing(new CodecName("int8/1")), 1, digest), 1);
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
        Reason declined = trainer.declined(METRICS + WEIGHTS + (line == null ? "" : line), LONG);
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
        Reason declined =
                trainer.declined((line == null ? "" : line + "\n") + WEIGHTS + DONE, LONG);
        assertThat(declined.code()).isEqualTo("TRAINER_OUTPUT");
        assertThat(declined.reason()).contains("metrics.jsonl", reason);
    }

    @Test
    void an_endless_line_ends_the_trainer_at_once() {
        Reason declined =
                trainer.declined(
                        "echo $$ > leader\nyes '' | tr -d '\\n' > metrics.jsonl & yes | tr -d '\\n' > metrics.jsonl",
                        LONG);
        assertThat(declined.code()).isEqualTo("TRAINER_OUTPUT");
        assertThat(declined.reason()).contains("line 1 is longer than 4096 bytes");
        assertThat(trainer.runs("leader")).isFalse();
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
        Files.delete(trainer.prepared);
        try (ModelDirectory model = ModelDirectory.open(trainer.base)) {
            List<TensorSpec> specs = new ArrayList<>(model.tensors().values());
            specs.removeLast();
            try (SafetensorsWriter writer =
                    SafetensorsWriter.create(trainer.prepared, specs, Map.of())) {
                writer.commit();
            }
        }
        refusedWeights(WEIGHTS, "of the base is missing");
        Files.delete(trainer.prepared);
        trainer.write(trainer.prepared, spec -> spec, Float.NaN);
        refusedWeights(WEIGHTS, "NON_FINITE");
        Files.delete(trainer.prepared);
        trainer.write(trainer.prepared, spec -> spec, 0);
        refusedWeights(WEIGHTS, "UPDATE_IS_ZERO");
    }

    private void prepare(UnaryOperator<TensorSpec> declared) {
        try {
            Files.deleteIfExists(trainer.prepared);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        trainer.write(trainer.prepared, declared, 0.001f);
    }

    private void refusedWeights(String lines, String reason) {
        stage.updates.clear();
        Reason declined = trainer.declined(METRICS + lines + "\n" + DONE, LONG);
        assertThat(declined.code()).as(declined.reason()).isEqualTo("TRAINER_OUTPUT");
        assertThat(declined.reason()).contains(reason);
    }

    @Test
    void shards_are_read_together_and_the_log_is_not_written_through_a_link() throws IOException {
        Path precious = Files.writeString(directory.resolve("precious"), "keep me");
        trainer.declined("ln -sf " + precious + " trainer.log\nexit 1", LONG);
        stage.updates.clear();
        Path second = directory.resolve("second.safetensors");
        try (ModelDirectory model = ModelDirectory.open(trainer.base)) {
            List<TensorSpec> specs = List.copyOf(model.tensors().values());
            shard(trainer.prepared, model, specs.subList(0, 3));
            shard(second, model, specs.subList(3, specs.size()));
        }
        trainer.contributes(
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
}
