package dev.tapestry.app.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.app.Main;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code tapestry train --processes 2}, ended in the middle of a long job. */
@Timeout(300)
final class TrainProcessesTest {

    @TempDir Path directory;
    private Path job;
    private Process parent;
    private ProcessHandle worker;

    @BeforeEach
    void train() throws IOException {
        job = Tiny.job(directory);
        Path file = job.resolve("job.json");
        Files.writeString(
                file, Files.readString(file).replace("\"steps\":2", "\"steps\":100000000"));
        List<String> command = new ArrayList<>();
        command.add(ProcessHandle.current().info().command().orElseThrow());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(
                List.of(
                        "-cp",
                        System.getProperty("java.class.path"),
                        Main.class.getName(),
                        "train",
                        job.toString(),
                        "--activation-checkpointing",
                        "--processes",
                        "2"));
        parent =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(directory.resolve("log").toFile())
                        .start();
        eventually().until(() -> steps() > 2 || !parent.isAlive());
        assertThat(parent.isAlive()).as(log()).isTrue();
        worker = parent.children().findFirst().orElseThrow();
    }

    @AfterEach
    void none_is_left_behind() {
        parent.destroyForcibly();
        eventually().until(() -> !parent.isAlive() && !worker.isAlive());
    }

    @Test
    void a_worker_trains_as_its_parent_was_told() throws IOException {
        assertThat(Files.readString(Path.of("/proc/" + worker.pid() + "/cmdline")).split("\0", -1))
                .contains("--activation-checkpointing")
                .containsSequence("--accumulation-steps", "1");
    }

    @Test
    void a_killed_parent_leaves_no_worker_behind() {
        parent.destroyForcibly();
        eventually().until(() -> !worker.isAlive());
    }

    @Test
    void a_terminated_parent_ends_with_its_workers_and_without_results() {
        parent.destroy();
        eventually().until(() -> !parent.isAlive());
        assertThat(parent.exitValue()).as(log()).isEqualTo(130);
        assertThat(worker.isAlive()).isFalse();
        assertThat(job.resolve("done.json")).doesNotExist();
        assertThat(log()).doesNotContain("tapestry:");
    }

    @Test
    void a_killed_worker_ends_the_parent_which_says_which_one() {
        worker.destroyForcibly();
        eventually().until(() -> !parent.isAlive());
        assertThat(parent.exitValue()).isEqualTo(1);
        assertThat(log()).contains("tapestry: the process of rank 1 ended with exit code 137");
    }

    private static ConditionFactory eventually() {
        return Awaitility.await().atMost(Duration.ofMinutes(2));
    }

    private long steps() throws IOException {
        Path metrics = job.resolve("metrics.jsonl");
        return Files.exists(metrics) ? Files.readAllLines(metrics).size() : 0;
    }

    private String log() {
        try {
            return Files.readString(directory.resolve("log"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
