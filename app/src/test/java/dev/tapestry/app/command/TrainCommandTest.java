package dev.tapestry.app.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
        Path file = job.resolve("job.json");
        Files.writeString(file, Files.readString(file).replace("\"protocol\":1", "\"protocol\":2"));
        assertThat(Said.by("train", job).err()).contains("protocol 2", "speaks 1");
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
}
