package dev.tapestry.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tapestry.app.process.FreePort;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the launcher gives a coordinator's process. */
class CoordinatorClassPathTest {

    /** libtorch, the rooms that read and learn text, and the open text that comes along. */
    private static final List<String> FOREIGN =
            List.of(
                    "pytorch",
                    "javacpp",
                    "openblas",
                    "corpus",
                    "training",
                    "node",
                    "lucene",
                    "fhir");

    @TempDir Path directory;

    @Test
    void a_coordinator_s_process_has_no_libtorch_and_nothing_that_reads_text()
            throws IOException, InterruptedException {
        assumeTrue(
                Files.exists(Program.home().resolve("coordinator/target/lib")),
                "the app is not packaged: mvn verify does that");
        Path consortium = directory.resolve("consortium");
        assertThat(
                        Program.here(
                                "consortium",
                                "found",
                                consortium,
                                "--charter",
                                Program.home().resolve("docs/examples/charter.yaml"),
                                "--port",
                                FreePort.find()))
                .isZero();
        Path printed = directory.resolve("printed.log");
        ProcessBuilder launcher =
                new ProcessBuilder(
                                Program.home().resolve("tapestry").toString(),
                                "coordinator",
                                "start",
                                consortium.toString())
                        .redirectErrorStream(true)
                        .redirectOutput(printed.toFile());
        launcher.environment().put("TAPESTRY_BUILD", "no");
        Process coordinator = launcher.start();
        try {
            await("it listens")
                    .atMost(Duration.ofMinutes(2))
                    .until(() -> Files.readString(printed).contains("listening as"));
            assertThat(libraries(coordinator))
                    .anyMatch(jar -> jar.startsWith("helidon"))
                    .noneMatch(jar -> FOREIGN.stream().anyMatch(jar::startsWith));
        } finally {
            coordinator.destroy();
            coordinator.waitFor();
        }
    }

    /** The files on the process' class path. */
    private static List<String> libraries(Process process) throws IOException {
        Path command = Path.of("/proc/" + process.pid() + "/cmdline");
        String[] words =
                new String(Files.readAllBytes(command), StandardCharsets.UTF_8).split("\0", -1);
        String classPath = words[List.of(words).indexOf("-cp") + 1];
        List<String> jars = new ArrayList<>();
        for (String entry : classPath.split(":", -1)) {
            if (entry.endsWith("/*")) {
                try (var files = Files.list(Path.of(entry).getParent())) {
                    files.forEach(file -> jars.add(file.getFileName().toString()));
                }
            } else {
                jars.add(Path.of(entry).getFileName().toString());
            }
        }
        return jars;
    }
}
