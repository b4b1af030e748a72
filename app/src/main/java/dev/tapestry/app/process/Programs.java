package dev.tapestry.app.process;

import dev.tapestry.app.CoordinatorMain;
import dev.tapestry.app.Main;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.TimeUnit;

/**
 * Starts Tapestry's programs as processes of their own, each with its own JVM, and ends them all
 * with this one.
 */
public final class Programs implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final ConcurrentLinkedDeque<Process> running = new ConcurrentLinkedDeque<>();
    private final Thread ending = new Thread(this::endAll, "end-programs");
    private boolean closing;

    /** None runs yet; all that are started end with this process. */
    public Programs() {
        Runtime.getRuntime().addShutdownHook(ending);
    }

    /**
     * Starts {@code tapestry words…}.
     *
     * @param log where standard output and error are appended
     * @param options for its JVM besides this one's own, such as {@code -Xmx256m}
     * @throws CancellationException once all programs are to end: an interrupt from the keyboard
     *     reaches them too, and who died of it must not be started again
     */
    public synchronized Process start(Path log, List<String> options, List<String> words) {
        if (closing) {
            throw new CancellationException("all programs are being ended");
        }
        List<String> command = new ArrayList<>();
        command.add(ProcessHandle.current().info().command().orElse("java"));
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> !argument.startsWith("-Xmx"))
                .forEach(command::add);
        command.addAll(options);
        command.addAll(program(words.getFirst()));
        command.addAll(words);
        try {
            Process process =
                    new ProcessBuilder(command)
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                            .start();
            running.add(process);
            return process;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot start " + words, e);
        }
    }

    /** A coordinator gets the libraries that the launcher sets aside for it, if there was one. */
    private static List<String> program(String word) {
        String everything = System.getProperty("java.class.path");
        String coordinator = System.getProperty("tapestry.coordinator.classes");
        return word.equals("coordinator") && coordinator != null
                ? List.of("-cp", coordinator, CoordinatorMain.class.getName())
                : List.of("-cp", everything, Main.class.getName());
    }

    /** Asks a program to end, and makes it end. */
    public void end(Process process) {
        process.destroy();
        try {
            if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
        running.remove(process);
    }

    /** Ends a program as a power cut would. */
    public void kill(Process process) {
        process.destroyForcibly().onExit().join();
        running.remove(process);
    }

    private void endAll() {
        synchronized (this) {
            closing = true;
        }
        // Who was interrupted still gives them the time to end by themselves.
        boolean interrupted = Thread.interrupted();
        running.forEach(Process::destroy);
        running.forEach(this::end);
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        endAll();
        try {
            Runtime.getRuntime().removeShutdownHook(ending);
        } catch (IllegalStateException alreadyEnding) {
            // The hook itself is at work.
        }
    }
}
