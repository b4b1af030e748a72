package dev.tapestry.app.bench;

import dev.tapestry.app.bench.BenchException.Code;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A process of the benchmark: it is told what to do and answers line by line, on its standard
 * streams, and ends when its standard input does, whatever happened to who started it.
 */
final class Child implements AutoCloseable {

    /** The words with which answers begin; other lines are events of the log. */
    private static final Set<String> ANSWERS =
            Set.of(
                    "listening",
                    "joined",
                    "prepared",
                    "published",
                    "floored",
                    "trained",
                    "invited",
                    "started",
                    "transferred",
                    "stepped",
                    "open",
                    "carried");

    /** Nothing that is measured takes longer. */
    private static final Duration PATIENCE = Duration.ofHours(2);

    private final Process process;
    private final BlockingQueue<List<String>> answers = new LinkedBlockingQueue<>();
    private final PrintStream orders;
    private final Runnable harm;
    private volatile boolean dismissed;

    private Child(Process process, Runnable harm) {
        this.process = process;
        this.harm = harm;
        this.orders = new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8);
        Thread.ofPlatform().daemon().name("answers").start(this::listen);
    }

    /**
     * Starts {@code main} with this process' own JDK and libraries.
     *
     * @param within how the command begins; empty for a process like this one
     * @param heapMebibytes the most that its heap may be
     * @param harm is run if it ends although nobody asked it to
     */
    static Child start(
            List<String> within,
            int heapMebibytes,
            Class<?> main,
            Runnable harm,
            String... arguments) {
        List<String> command = new ArrayList<>(within);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(
                List.of(
                        "--enable-native-access=ALL-UNNAMED",
                        "--sun-misc-unsafe-memory-access=allow",
                        "--add-modules=jdk.incubator.vector",
                        "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0",
                        "-Dorg.bytedeco.javacpp.maxBytes=0",
                        "-XX:+UseSerialGC",
                        "-Xmx" + heapMebibytes + "m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        main.getName()));
        command.addAll(List.of(arguments));
        try {
            return new Child(
                    new ProcessBuilder(command)
                            .redirectError(ProcessBuilder.Redirect.INHERIT)
                            .start(),
                    harm);
        } catch (IOException e) {
            throw new BenchException(Code.PROCESS, "cannot start " + command.getFirst(), e);
        }
    }

    /** Reads all the time, so that the process never waits for somebody to hear it. */
    private void listen() {
        try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                List<String> words = List.of(line.split(" ", -1));
                if (ANSWERS.contains(words.getFirst())) {
                    answers.add(words);
                }
            }
        } catch (IOException e) {
            // The process was killed: it says nothing more.
        }
        answers.add(List.of(""));
        if (!dismissed) {
            harm.run();
        }
    }

    /** Says what is to be done next. */
    void order(String words) {
        orders.println(words);
    }

    /**
     * The next answer.
     *
     * @param word with which it begins
     * @return the other words
     */
    List<String> answer(String word) {
        try {
            List<String> words = answers.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            if (words == null) {
                throw new BenchException(
                        Code.PROCESS,
                        "a process has not answered '%s' for %d minutes"
                                .formatted(word, PATIENCE.toMinutes()));
            }
            if (words.getFirst().equals(word)) {
                return words.subList(1, words.size());
            }
            throw new BenchException(
                    Code.PROCESS,
                    "a process ended before it answered '" + word + "'; see its messages");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BenchException(Code.STOPPED, "interrupted", e);
        }
    }

    /** The most memory that it had resident until now, in MiB; 0 where the system does not tell. */
    long peakMebibytes() {
        return resident().peak() >> 20;
    }

    /** What it has resident. */
    Resident resident() {
        return Resident.of(process.pid());
    }

    /** Processor time until now, in seconds; 0 where the system does not tell. */
    double cpuSeconds() {
        return process.info().totalCpuDuration().map(spent -> spent.toNanos() / 1e9).orElse(0.0);
    }

    /** Asks it to end. */
    void dismiss() {
        dismissed = true;
        orders.close();
    }

    /** Ends it now: nothing that it wrote is needed. */
    void kill() {
        dismissed = true;
        process.destroyForcibly();
    }

    /** Asks it to end, and after a while makes it. */
    @Override
    public void close() {
        dismiss();
        try {
            if (!process.waitFor(3, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
