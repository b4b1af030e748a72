package dev.tapestry.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.training.TrainingException.Code;
import dev.tapestry.weights.Drafts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LibtorchTest {

    /** More than any machine's memory: a thousand million million numbers. */
    @Test
    void wantOfMemoryIsAFailureWithACodeAndOneLine() {
        assertThatThrownBy(() ->
                        Libtorch.does(
                                "step 3",
                                () -> {
                                    try (PointerScope _ = new PointerScope()) {
                                        return torch.ones(1_000_000_000_000_000L).numel();
                                    }
                                }))
                .isInstanceOfSatisfying(
                        TrainingException.class, e -> assertThat(e.code()).isEqualTo(Code.ENGINE))
                .hasMessageStartingWith("step 3: libtorch failed: ")
                .hasMessageContaining("memory")
                .message()
                .doesNotContain("\n");
    }

    @Test
    void otherFailuresStayWhatTheyAre() {
        IllegalStateException own = new IllegalStateException("not ready");
        assertThatThrownBy(() ->
                        Libtorch.does(
                                "step 3",
                                () -> {
                                    throw own;
                                }))
                .isSameAs(own);
    }

    /** A process that only loads libtorch. */
    static final class Loading {
        void main() {
            Libtorch.load();
            IO.println("loaded");
        }
    }

    /** As on a new machine whose node and coordinator start together. */
    @Test
    void processesThatComeFirstTogetherUnpackOneAfterAnother(@TempDir Path directory)
            throws Exception {
        Path cache = directory.resolve("cache");
        List<Process> processes = new ArrayList<>();
        try {
            for (int i = 0; i < 3; i++) {
                processes.add(loading(cache, directory.resolve("said-" + i)));
                Awaitility.await()
                        .atMost(Duration.ofMinutes(3))
                        .until(() -> Files.exists(cache.resolve(".tapestry.lock")));
            }
            for (int i = 0; i < 3; i++) {
                assertThat(processes.get(i).waitFor(3, TimeUnit.MINUTES)).isTrue();
                assertThat(directory.resolve("said-" + i)).content().endsWith("loaded\n");
            }
        } finally {
            for (Process process : processes) {
                process.destroyForcibly().waitFor();
            }
            Drafts.delete(cache); // with the links to what the machine has of CUDA
        }
    }

    @Test
    void whatCannotBeUnpackedIsSaidWithWhatToDo(@TempDir Path directory) throws Exception {
        Path cache = Files.createDirectory(directory.resolve("cache"));
        Files.createDirectory(cache.resolve(".tapestry.lock")); // where a file should be
        Path said = directory.resolve("said");
        Process process = loading(cache, said);
        try {
            assertThat(process.waitFor(3, TimeUnit.MINUTES)).isTrue();
        } finally {
            process.destroyForcibly().waitFor();
        }
        assertThat(said).content().contains("LinkageError", "cannot be unpacked", "make room in");
    }

    private static Process loading(Path cache, Path said) throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-XX:-CreateCoredumpOnCrash",
                        "-Xmx128m",
                        "-Dorg.bytedeco.javacpp.cachedir=" + cache,
                        "-cp",
                        System.getProperty("java.class.path"),
                        Loading.class.getName())
                .directory(said.resolveSibling(".").toFile())
                .redirectErrorStream(true)
                .redirectOutput(said.toFile())
                .start();
    }
}
