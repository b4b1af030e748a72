package dev.tapestry.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tapestry.node.NodeException.Code;
import dev.tapestry.trust.SafeFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StopSignalTest {

    @TempDir Path directory;

    @Test
    void a_file_that_a_stop_broke_off_is_a_stop_and_no_fault_of_the_disk() throws Exception {
        StopSignal stop = new StopSignal();
        Path file = directory.resolve("seen.json");
        AtomicReference<Throwable> end = new AtomicReference<>();
        Thread node =
                Thread.ofPlatform()
                        .uncaughtExceptionHandler((_, failure) -> end.set(failure))
                        .start(() ->
                                stop.interruptibly(() -> {
                                    while (true) {
                                        SafeFile.write(file, new byte[1 << 20]);
                                    }
                                }));
        await().until(() -> Files.exists(file));
        stop.request();
        assertThat(node.join(Duration.ofMinutes(1))).isTrue();
        assertThat(end.get())
                .isInstanceOfSatisfying(
                        NodeException.class, e -> assertThat(e.code()).isEqualTo(Code.STOPPED));
        assertThat(file).as("it is whole").hasSize(1 << 20);
    }
}
