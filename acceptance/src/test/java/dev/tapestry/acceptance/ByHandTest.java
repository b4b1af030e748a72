package dev.tapestry.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.app.process.FreePort;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The script beside the guides does what the guides say. */
@Timeout(960)
class ByHandTest {

    @TempDir Path directory;

    @Test
    void two_members_join_with_two_commands_each_train_and_take_their_models_home()
            throws IOException, InterruptedException {
        Path work = directory.resolve("work");
        Path printed = directory.resolve("printed.log");
        ProcessBuilder script =
                new ProcessBuilder(
                                Program.home().resolve("docs/guide/by-hand.sh").toString(),
                                work.toString(),
                                Integer.toString(FreePort.find()))
                        .redirectErrorStream(true)
                        .redirectOutput(printed.toFile());
        script.environment().put("TAPESTRY", Program.launcher(directory).toString());
        Process process = script.start();
        try {
            assertThat(process.waitFor(15, TimeUnit.MINUTES))
                    .as(() -> read(printed) + nodes(work))
                    .isTrue();
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
        assertThat(process.exitValue()).as(() -> read(printed) + nodes(work)).isZero();
        assertThat(read(printed))
                .contains("joined 'Nordic law' as a")
                .contains("joined 'Nordic law' as b")
                .contains("[over: 2 bases were published]")
                .contains("whole: ")
                .contains("is this merge, to the last byte")
                .contains("PART_UPLOAD")
                .contains("bits per byte before")
                .contains("Minute 3 of committee");
        assertThat(work.resolve("own.gguf")).isNotEmptyFile();
        assertThat(work.resolve("node-a/sovereign/own/README.md")).isNotEmptyFile();
    }

    private static String nodes(Path work) {
        return read(work.resolve("coordinator.log"))
                + read(work.resolve("node-a.log"))
                + read(work.resolve("node-b.log"));
    }

    private static String read(Path file) {
        try {
            return Files.exists(file) ? Files.readString(file) : "";
        } catch (IOException e) {
            return e.toString();
        }
    }
}
