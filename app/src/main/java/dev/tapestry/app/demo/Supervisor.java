package dev.tapestry.app.demo;

import dev.tapestry.app.process.Programs;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Keeps one program running: started again when it was killed, as a service manager would. */
final class Supervisor {

    private static final int MAX_RESTARTS = 20;

    /** A program that is alive may take so long to begin on a machine that is busy. */
    private static final Duration TO_BEGIN = Duration.ofMinutes(10);

    private static final Duration BETWEEN_WORDS = Duration.ofSeconds(15);
    private static final Duration BETWEEN_LOOKS = Duration.ofMillis(200);

    private final Programs programs;
    private final Stop stop;
    private final Screen screen;
    private final String name;
    private final Path log;
    private final String heap;
    private final List<String> words;
    private @Nullable Process process;
    private LogEnd said;
    private int starts;

    Supervisor(
            Programs programs,
            Stop stop,
            Screen screen,
            String name,
            Path log,
            String heap,
            List<String> words) {
        this.programs = programs;
        this.stop = stop;
        this.screen = screen;
        this.name = name;
        this.log = log;
        this.heap = heap;
        this.words = words;
        this.said = LogEnd.from(log);
    }

    /** Whether the program runs now. */
    boolean isRunning() {
        return process != null && process.isAlive();
    }

    /** The process that runs now, or ran last. */
    OptionalLong pid() {
        return process == null ? OptionalLong.empty() : OptionalLong.of(process.pid());
    }

    /**
     * Starts the program if it is not running.
     *
     * @throws java.util.concurrent.CancellationException the demo is to stop, and the program with
     *     it
     */
    void ensureRunning() throws InterruptedException {
        Process current = process;
        if (current != null && current.isAlive()) {
            return;
        }
        stop.check();
        if (current != null) {
            stop.checkAfter(current.exitValue());
            screen.step(
                    "%s ended unexpectedly (exit code %d); starting it again, see %s"
                            .formatted(name, current.exitValue(), log));
        }
        if (starts++ > MAX_RESTARTS) {
            throw new DemoException(
                    DemoException.Code.PROCESS,
                    "%s does not stay alive; its last words in %s are:%s"
                            .formatted(name, log, said.lines()));
        }
        said = LogEnd.from(log);
        process = programs.start(log, List.of("-Xmx" + heap), words);
    }

    /**
     * Waits until the program, which was started, answers: as long as it lives, within reason.
     *
     * @throws DemoException {@code PROCESS}: it ended, or does not get there
     */
    void awaitAnswer(BooleanSupplier answers) throws InterruptedException {
        long start = System.nanoTime();
        long spoke = start;
        while (!answers.getAsBoolean()) {
            stop.check();
            Process current = process;
            if (current == null || !current.isAlive()) {
                int code = current == null ? 0 : current.exitValue();
                stop.checkAfter(code);
                throw new DemoException(
                        DemoException.Code.PROCESS,
                        "the %s ended before it answered (exit code %d); its last words in %s are:%s"
                                .formatted(name, code, log, said.lines()));
            }
            long now = System.nanoTime();
            if (now - start > TO_BEGIN.toNanos()) {
                throw new DemoException(
                        DemoException.Code.PROCESS,
                        "the %s lives but has not answered for %d minutes; its last words in %s are:%s"
                                .formatted(name, TO_BEGIN.toMinutes(), log, said.lines()));
            }
            if (now - spoke > BETWEEN_WORDS.toNanos()) {
                spoke = now;
                screen.step("the %s is still starting; its log: %s".formatted(name, log));
            }
            Thread.sleep(BETWEEN_LOOKS);
        }
    }

    /** Asks the program to end and waits for it. */
    void end() {
        if (process != null) {
            programs.end(process);
        }
    }
}
