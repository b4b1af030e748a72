package dev.tapestry.app.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.app.process.FreePort;
import dev.tapestry.app.process.Programs;
import dev.tapestry.coordinator.Coordinator;
import dev.tapestry.coordinator.CoordinatorConfig;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
final class SupervisorTest {

    @TempDir Path directory;
    private final ByteArrayOutputStream shown = new ByteArrayOutputStream();
    private final Screen screen =
            new Screen(new PrintStream(shown, true, StandardCharsets.UTF_8), false);
    private final Programs programs = new Programs();
    // Interrupting a thread that has ended does nothing: what is asked is seen, not felt.
    private final Stop stop = new Stop(Thread.ofVirtual().unstarted(() -> {}));

    @AfterEach
    void end() {
        programs.close();
    }

    private Path log() {
        return directory.resolve("coordinator.log");
    }

    private Supervisor coordinator(Path where) {
        List<String> words = List.of("coordinator", "start", where.toString());
        return new Supervisor(programs, stop, screen, "coordinator", log(), "160m", words);
    }

    private Path founded() {
        Path where = directory.resolve("consortium");
        Coordinator.found(
                where,
                DemoSettings.charter(),
                new CoordinatorConfig.Listening("127.0.0.1", FreePort.find(), List.of("localhost")),
                InstantSource.system());
        return where;
    }

    private String shown() {
        return shown.toString(StandardCharsets.UTF_8);
    }

    private boolean hasWritten() {
        return log().toFile().length() > 0;
    }

    @Test
    void a_program_that_ends_before_it_answers_is_told_with_its_last_words_and_its_log()
            throws InterruptedException, IOException {
        Files.writeString(log(), "words of an earlier start\n");
        Path nothing = directory.resolve("nothing");
        Supervisor coordinator = coordinator(nothing);
        coordinator.ensureRunning();
        assertThatThrownBy(() -> coordinator.awaitAnswer(() -> false))
                .isInstanceOf(DemoException.class)
                .hasMessageContainingAll(
                        "ended before it answered", log().toString(), nothing.toString())
                .hasMessageNotContaining("earlier start");
    }

    @Test
    void a_program_that_is_killed_is_started_again_and_one_that_stops_with_the_demo_is_not()
            throws InterruptedException {
        Supervisor coordinator = coordinator(founded());
        coordinator.ensureRunning();
        coordinator.awaitAnswer(this::hasWritten);
        kill(coordinator, true);
        coordinator.ensureRunning();
        assertThat(coordinator.isRunning()).isTrue();
        assertThat(shown()).contains("exit code 137); starting it again");

        kill(coordinator, false);
        Thread asking = Thread.ofVirtual().start(stop::ask);
        assertThatThrownBy(coordinator::ensureRunning).isInstanceOf(CancellationException.class);
        asking.join();
        assertThat(coordinator.isRunning()).isFalse();
        assertThat(shown().lines()).hasSize(1);
    }

    private static void kill(Supervisor coordinator, boolean hard) {
        long pid = coordinator.pid().orElseThrow();
        ProcessHandle process = ProcessHandle.of(pid).orElseThrow();
        assertThat(hard ? process.destroyForcibly() : process.destroy()).isTrue();
        process.onExit().join();
    }

    @Test
    void who_was_ended_by_a_signal_waits_for_the_same_one() throws InterruptedException {
        Thread.ofVirtual().start(stop::ask);
        assertThatThrownBy(() -> stop.checkAfter(130)).isInstanceOf(CancellationException.class);
    }

    @Test
    void a_demo_that_was_asked_to_stop_shows_nothing_more() {
        screen.last("stopping…");
        screen.step("coordinator ended unexpectedly");
        screen.status("round 3/22");
        assertThat(shown().lines()).singleElement().asString().endsWith("stopping…");
    }
}
