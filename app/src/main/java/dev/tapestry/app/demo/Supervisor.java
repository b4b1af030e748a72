package dev.tapestry.app.demo;

import dev.tapestry.app.process.Programs;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Keeps one program running: started again when it was killed, as a service manager would. */
final class Supervisor {

    private static final int MAX_RESTARTS = 20;

    private final Programs programs;
    private final Screen screen;
    private final String name;
    private final Path log;
    private final String heap;
    private final List<String> words;
    private @Nullable Process process;
    private int starts;

    Supervisor(
            Programs programs,
            Screen screen,
            String name,
            Path log,
            String heap,
            List<String> words) {
        this.programs = programs;
        this.screen = screen;
        this.name = name;
        this.log = log;
        this.heap = heap;
        this.words = words;
    }

    /** Starts the program if it is not running. */
    void ensureRunning() {
        Process current = process;
        if (current != null && current.isAlive()) {
            return;
        }
        if (current != null) {
            screen.step(
                    "%s ended unexpectedly (exit code %d); starting it again, see %s"
                            .formatted(name, current.exitValue(), log));
        }
        if (starts++ > MAX_RESTARTS) {
            throw new DemoException(
                    DemoException.Code.PROCESS,
                    name + " does not stay alive; its last words are in " + log);
        }
        process = programs.start(log, List.of("-Xmx" + heap), words);
    }

    /** Asks the program to end and waits for it. */
    void end() {
        if (process != null) {
            programs.end(process);
        }
    }
}
