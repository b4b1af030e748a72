package dev.tapestry.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.training.TrainingException.Code;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.ModelDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DeviceTest {

    private static final Device FIRST_GPU = Device.of("cuda");

    @TempDir Path directory;

    @ParameterizedTest
    @CsvSource({"cpu, cpu", "cuda, cuda:0", "cuda:0, cuda:0", "cuda:7, cuda:7", "cuda:99, cuda:99"})
    void a_device_is_read_and_written(String word, String written) {
        assertThat(Device.of(word)).hasToString(written).isEqualTo(Device.of(written));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "gpu",
                "CUDA",
                "cuda:",
                "cuda:-1",
                "cuda:01",
                "cuda:100",
                "cpu:0",
                " cpu"
            })
    void another_word_is_refused_with_the_words_that_there_are(String word) {
        assertRefused(
                Code.INVALID_PLAN,
                () -> Device.of(word),
                "device is cpu, cuda or cuda:N (0 to 99), not '" + word + "'");
    }

    @Test
    void a_number_that_no_gpu_has_is_refused() {
        assertRefused(Code.INVALID_PLAN, () -> new Device(OptionalInt.of(-1)), "not 'cuda:-1'");
        assertRefused(Code.INVALID_PLAN, () -> new Device(OptionalInt.of(100)), "not 'cuda:100'");
    }

    @Test
    void what_is_missing_is_said_with_what_to_do() {
        assertThat(Device.CPU.missing(false, 0)).isEmpty();
        assertThat(Device.of("cuda:1").missing(true, 2)).isEmpty();
        assertThat(FIRST_GPU.missing(false, 0).orElseThrow())
                .contains("device cuda:0", "without CUDA", "TAPESTRY_LIBTORCH_GPU", "device cpu");
        assertThat(FIRST_GPU.missing(true, 0).orElseThrow())
                .contains("sees no NVIDIA GPU", "nvidia-smi", "CUDA_VISIBLE_DEVICES");
        assertThat(Device.of("cuda:2").missing(true, 2).orElseThrow())
                .contains("device cuda:2", "sees 2 GPUs, cuda:0 to cuda:1");
    }

    /** The tests run with the build of libtorch for processors. */
    @Test
    void nothing_is_read_for_a_device_that_is_not_here() throws IOException {
        Path base = directory.resolve("base");
        Path checkpoint = directory.resolve("checkpoint");
        TrainingPlan plan = TestModels.plan(OptimizerPlan.AdamW.of(0.01, 0.1), Precision.FP32);
        try (Trainer trainer =
                Trainer.begin(Llama.fresh(TestModels.tiny(), 1), plan, TestModels.text(9))) {
            trainer.exportTo(base, DType.F32);
            trainer.saveCheckpoint(checkpoint);
        }
        Files.writeString(base.resolve("config.json"), "not read");
        TrainingPlan elsewhere = plan.withDevice(FIRST_GPU);
        try (ModelDirectory model = ModelDirectory.open(base)) {
            assertRefused(
                    Code.DEVICE,
                    () -> Trainer.begin(model, elsewhere, TestModels.text(9)),
                    "device cuda:0: libtorch is loaded without CUDA");
            assertRefused(Code.MALFORMED_CONFIG, () -> Llama.load(model), "config.json");
        }
        assertRefused(
                Code.DEVICE,
                () -> Trainer.resume(checkpoint, elsewhere, TestModels.text(9)),
                "device cuda:0: libtorch is loaded without CUDA");
    }

    @Test
    void a_model_is_not_trained_elsewhere_than_it_lies() {
        TrainingPlan plan =
                TestModels.plan(OptimizerPlan.AdamW.of(0.01, 0.1), Precision.FP32)
                        .withDevice(FIRST_GPU);
        assertRefused(
                Code.INVALID_PLAN,
                () -> Trainer.begin(Llama.fresh(TestModels.tiny(), 1), plan, TestModels.text(9)),
                "device cuda:0, but the model lies on another");
    }

    @Test
    void several_processes_share_no_gpu() {
        TrainingPlan plan = TestModels.plan(OptimizerPlan.AdamW.of(0.01, 0.1), Precision.FP32);
        assertThat(plan.sequencesPerProcess(2)).isEqualTo(2);
        assertThat(plan.withDevice(FIRST_GPU).sequencesPerProcess(1)).isEqualTo(4);
        assertRefused(
                Code.INVALID_PLAN,
                () -> plan.withDevice(FIRST_GPU).sequencesPerProcess(2),
                "2 processes cannot share a batch on the device cuda:0");
    }

    private static void assertRefused(Code code, ThrowingCallable attempt, String message) {
        assertThatThrownBy(attempt)
                .isInstanceOfSatisfying(
                        TrainingException.class, e -> assertThat(e.code()).isEqualTo(code))
                .hasMessageContaining(message);
    }
}
