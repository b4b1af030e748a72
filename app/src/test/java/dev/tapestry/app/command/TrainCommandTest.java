package dev.tapestry.app.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tapestry.weights.Drafts;
import dev.tapestry.weights.SafetensorsFile;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A job that a node has laid out, trained from the command line. */
final class TrainCommandTest {

    @TempDir Path directory;
    private Path job;

    @BeforeEach
    void layOut() throws IOException {
        job = Tiny.job(directory);
    }

    @Test
    void a_job_is_trained_and_everything_that_the_contract_asks_for_is_there() throws IOException {
        Said said = Said.by("train", job, "--json");
        assertThat(said.code()).as(said.err()).isZero();
        assertThat(said.out()).contains("\"steps\":2", "\"tokens\":64", "\"meanLoss\":");
        assertThat(Files.readString(job.resolve("done.json"))).isEqualTo(said.out().strip());
        assertThat(Files.readAllLines(job.resolve("metrics.jsonl")))
                .hasSize(2)
                .last()
                .asString()
                .contains("\"step\":2", "\"tokens\":64");
        assertThat(job.resolve("model.safetensors")).isNotEmptyFile();
        assertThat(job.resolve("state/after-round-1.safetensors")).isNotEmptyFile();
        assertThat(job.resolve(".model")).doesNotExist();
    }

    @Test
    void a_directory_without_a_job_is_refused() {
        Said said = Said.by("train", directory.resolve("elsewhere"));
        assertThat(said.code()).isEqualTo(1);
        assertThat(said.err()).contains("job.json", "missing");
        assertThat(Said.by("train").code()).isEqualTo(2);
    }

    @Test
    void a_job_of_another_version_of_the_contract_is_refused() throws IOException {
        describe("\"protocol\":1", "\"protocol\":2");
        assertThat(Said.by("train", job).err()).contains("protocol 2", "speaks 1");
    }

    /** The job's batch is of two sequences. */
    @Test
    void a_batch_in_passes_and_layers_computed_again_give_the_same_up_to_rounding()
            throws IOException {
        assertThat(Said.by("train", job).code()).isZero();
        double whole = lastLoss();
        assertThat(passes("3").err()).contains("cannot be cut into 3 equal passes");
        assertThat(passes("0").code()).isEqualTo(2);
        Said said = passes("2");
        assertThat(said.code()).as(said.err()).isZero();
        assertThat(lastLoss()).isCloseTo(whole, within(1e-4));
    }

    private Said passes(String count) throws IOException {
        Drafts.delete(job.resolve("state"));
        return Said.by("train", job, "--accumulation-steps", count, "--activation-checkpointing");
    }

    private double lastLoss() throws IOException {
        String line = Files.readAllLines(job.resolve("metrics.jsonl")).getLast();
        return Double.parseDouble(line.replaceAll(".*\"loss\":([-0-9.eE]+).*", "$1"));
    }

    @Test
    void a_gpu_that_is_not_here_is_refused_before_anything_is_touched() throws IOException {
        Files.writeString(job.resolve("done.json"), "of an earlier attempt");
        Said said = Said.by("train", job, "--device", "cuda");
        assertThat(said.code()).isEqualTo(3);
        assertThat(said.err())
                .contains("device cuda:0: libtorch is loaded without CUDA")
                .contains("TAPESTRY_LIBTORCH_GPU");
        assertThat(job.resolve("done.json")).hasContent("of an earlier attempt");
        assertThat(job.resolve("metrics.jsonl")).doesNotExist();
    }

    @Test
    void a_gpu_is_used_by_one_process() {
        Said said = Said.by("train", job, "--device", "cuda:1", "--processes", "2");
        assertThat(said.code()).isEqualTo(1);
        assertThat(said.err()).contains("on the device cuda:1", "leave --processes and --rank out");
    }

    @Test
    void a_device_that_there_is_not_is_refused() {
        assertThat(Said.by("train", job, "--device", "gpu").err())
                .contains("device is cpu, cuda or cuda:N (0 to 99), not 'gpu'");
        assertThat(Said.by("train", job, "--device", "cpu").code()).isZero();
    }

    @Test
    void a_card_that_does_not_permit_it_or_is_of_another_text_is_refused() throws IOException {
        Path card = job.resolve("corpus/card.yaml");
        String text = Files.readString(card);
        Files.writeString(card, text.replace("contributed-cpt, ", ""));
        assertThat(Said.by("train", job).err()).contains("does not permit contributed-cpt");
        Files.writeString(card, text.replace("Minutes", "Hours"));
        assertThat(Said.by("train", job).err()).contains("not of the text whose card");
        assertThat(job.resolve("done.json")).doesNotExist();
    }

    @Test
    void the_gradient_is_left_as_it_was_before_the_correction_which_the_step_follows()
            throws IOException {
        describe("\"steps\":2", "\"steps\":1");
        describe("\"tokens\":64", "\"tokens\":32");
        askForGradients();
        assertThat(Said.by("train", job).code()).isZero();
        float[] corrected = embedding("model");
        float[] gradient = embedding("gradient");
        assertThat(job.resolve(".gradient")).doesNotExist();
        Files.delete(job.resolve("state/after-round-1.safetensors"));
        describe("\"corrected\":true", "\"corrected\":false");
        assertThat(Said.by("train", job).code()).isZero();
        assertThat(embedding("gradient")).isEqualTo(gradient);
        assertThat(embedding("model")).isNotEqualTo(corrected);
    }

    /** The correction is the base itself: any numbers of its layout will do. */
    private void askForGradients() throws IOException {
        describe("\"member\"", "\"gradients\":{\"corrected\":true},\"member\"");
        Path correction = Files.createDirectory(job.resolve("correction"));
        try (Stream<Path> files = Files.list(job.resolve("base"))) {
            for (Path file : files.toList()) {
                Files.copy(file, correction.resolve(file.getFileName()));
            }
        }
    }

    private void describe(String words, String others) throws IOException {
        Path file = job.resolve("job.json");
        Files.writeString(file, Files.readString(file).replace(words, others));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void two_processes_train_what_one_trains_and_leave_the_same_files(boolean gradients)
            throws IOException {
        if (gradients) {
            askForGradients();
        }
        List<String> outputs = gradients ? List.of("model", "gradient") : List.of("model");
        // In bf16 sums of fewer sequences are rounded otherwise.
        describe("\"precision\":\"BF16\"", "\"precision\":\"FP32\"");
        assertThat(Said.by("train", job).code()).isZero();
        double loss = meanLoss();
        List<float[]> made = outputs.stream().map(this::embedding).toList();
        Files.delete(job.resolve("state/after-round-1.safetensors"));

        Said said = Said.by("train", job, "--processes", "2", "--json");

        assertThat(said.code()).as(said.err()).isZero();
        assertThat(Files.readString(job.resolve("done.json"))).isEqualTo(said.out().strip());
        assertThat(meanLoss()).isCloseTo(loss, within(1e-4));
        for (int output = 0; output < outputs.size(); output++) {
            float[] alone = made.get(output);
            assertThat(embedding(outputs.get(output)))
                    .containsExactly(alone, within(1e-3f * largest(alone)));
        }
        assertThat(Files.readAllLines(job.resolve("metrics.jsonl"))).hasSize(2);
        assertThat(job.resolve("state/after-round-1.safetensors")).isNotEmptyFile();
        assertThat(job).isDirectoryNotContaining("glob:**/.*");
        assertThat(ProcessHandle.current().children().filter(ProcessHandle::isAlive)).isEmpty();
    }

    @Test
    void a_batch_that_cannot_be_shared_is_refused_before_anything_is_started() {
        Said said = Said.by("train", job, "--processes", "3");
        assertThat(said.code()).isEqualTo(1);
        assertThat(said.err()).contains("a batch of 2 sequences", "start as many as divide 2");
    }

    @Test
    void a_process_whose_others_do_not_come_says_which() {
        Said said =
                Said.by(
                        "train",
                        job,
                        "--rank",
                        "0",
                        "--size",
                        "2",
                        "--rendezvous",
                        directory.resolve("meeting"),
                        "--address",
                        "127.0.0.1",
                        "--timeout",
                        "PT1S");
        assertThat(said.code()).isEqualTo(1);
        assertThat(said.err()).contains("had no rank 1 within PT1S");
        assertThat(job.resolve("done.json")).doesNotExist();
    }

    @Test
    void a_process_that_fails_ends_the_others() throws IOException {
        // Rank 1 is started with the job as it is on disk, and finds no text.
        Path tokens = job.resolve("corpus/train.tokens");
        Path away = directory.resolve("away");
        Files.move(tokens, away);
        Said said = Said.by("train", job, "--processes", "2", "--timeout", "PT1M");
        assertThat(said.code()).isEqualTo(1);
        assertThat(said.err()).contains("train.tokens");
        assertThat(ProcessHandle.current().children().filter(ProcessHandle::isAlive)).isEmpty();
    }

    @Test
    void half_a_place_is_a_wrong_command_line() {
        assertThat(Said.by("train", job, "--rank", "0").code()).isEqualTo(2);
        assertThat(Said.by("train", job, "--processes", "0").code()).isEqualTo(2);
        assertThat(
                        Said.by(
                                        "train",
                                        job,
                                        "--processes",
                                        "2",
                                        "--rank",
                                        "0",
                                        "--size",
                                        "2",
                                        "--rendezvous",
                                        "file")
                                .code())
                .isEqualTo(2);
    }

    private double meanLoss() throws IOException {
        String done = Files.readString(job.resolve("done.json"));
        return Double.parseDouble(done.replaceAll(".*\"meanLoss\":([0-9.]+).*", "$1"));
    }

    private static float largest(float[] numbers) {
        float largest = 0;
        for (float number : numbers) {
            largest = Math.max(largest, Math.abs(number));
        }
        return largest;
    }

    private float[] embedding(String output) {
        try (SafetensorsFile file = SafetensorsFile.open(job.resolve(output + ".safetensors"))) {
            return file.data("model.embed_tokens.weight").toArray(ValueLayout.JAVA_FLOAT);
        }
    }
}
