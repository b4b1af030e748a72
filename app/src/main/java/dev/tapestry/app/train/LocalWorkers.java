package dev.tapestry.app.train;

import dev.tapestry.app.Main;
import dev.tapestry.node.StopSignal;
import dev.tapestry.training.GroupPlan;
import dev.tapestry.training.Rendezvous;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Ranks 1 and up of a group on this machine, each a process like this one, which is rank 0. Their
 * standard input is a pipe from here: however this process ends, they notice and end too.
 */
final class LocalWorkers implements AutoCloseable {

    private static final String RENDEZVOUS = ".rendezvous-";
    private static final String ADDRESS = "127.0.0.1";
    private static final Duration PATIENCE = Duration.ofSeconds(15);

    private final GroupPlan own;
    private final Path file;
    private final List<Process> processes = new ArrayList<>();
    private final AtomicReference<String> failure = new AtomicReference<>("");
    private volatile boolean closing;

    private LocalWorkers(GroupPlan own, Path file) {
        this.own = own;
        this.file = file;
    }

    /**
     * Starts {@code size} − 1 processes that train the job in {@code directory}.
     *
     * @param threads of each
     * @param options of {@code tapestry train} besides
     * @param stop is requested if one of them fails
     */
    static LocalWorkers start(
            Path directory,
            int size,
            int threads,
            Duration timeout,
            List<String> options,
            StopSignal stop) {
        try {
            tidy(directory);
            // A name of its own: a worker of an earlier group may still be ending.
            Path file =
                    directory.resolve(
                            RENDEZVOUS + ProcessHandle.current().pid() + "-" + System.nanoTime());
            GroupPlan own =
                    new GroupPlan(
                            0,
                            size,
                            new Rendezvous.SharedFile(file),
                            Optional.of(ADDRESS),
                            timeout);
            LocalWorkers workers = new LocalWorkers(own, file);
            try {
                for (int rank = 1; rank < size; rank++) {
                    workers.start(rank, directory, threads, options, stop);
                }
                return workers;
            } catch (IOException e) {
                workers.close();
                throw e;
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot start processes: " + e.getMessage(), e);
        }
    }

    /** Deletes what a group left behind that was killed. */
    private static void tidy(Path directory) throws IOException {
        try (DirectoryStream<Path> old = Files.newDirectoryStream(directory, RENDEZVOUS + "*")) {
            for (Path each : old) {
                Files.deleteIfExists(each);
            }
        }
    }

    private void start(int rank, Path directory, int threads, List<String> options, StopSignal stop)
            throws IOException {
        List<String> command = new ArrayList<>();
        command.add(ProcessHandle.current().info().command().orElse("java"));
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
        command.addAll(List.of("train", directory.toString(), "--attached"));
        command.addAll(List.of("--rank", Integer.toString(rank)));
        command.addAll(List.of("--size", Integer.toString(own.size())));
        command.addAll(List.of("--rendezvous", own.rendezvous().toString()));
        command.addAll(List.of("--address", ADDRESS));
        command.addAll(List.of("--timeout", own.timeout().toString()));
        command.addAll(List.of("--threads", Integer.toString(threads)));
        command.addAll(options);
        Process process =
                new ProcessBuilder(command)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
        processes.add(process);
        Thread.ofVirtual().start(() -> watch(rank, process, stop));
    }

    private void watch(int rank, Process process, StopSignal stop) {
        try {
            int code = process.waitFor();
            if (code != 0 && !closing) {
                failure.compareAndSet(
                        "", "the process of rank %d ended with exit code %d".formatted(rank, code));
                stop.request();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** This process' place among them. */
    GroupPlan own() {
        return own;
    }

    /** Which of them failed first; empty if none did. */
    Optional<String> failure() {
        return Optional.of(failure.get()).filter(text -> !text.isEmpty());
    }

    /** Asks them to end, and makes them. */
    @Override
    public void close() {
        closing = true;
        try {
            for (Process process : processes) {
                closeInput(process);
            }
            long until = System.nanoTime() + PATIENCE.toNanos();
            for (Process process : processes) {
                if (!process.waitFor(until - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                    process.destroyForcibly().waitFor();
                }
            }
            Files.deleteIfExists(file);
        } catch (InterruptedException e) {
            processes.forEach(Process::destroyForcibly);
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void closeInput(Process process) {
        try {
            process.getOutputStream().close();
        } catch (IOException e) {
            // It has ended.
        }
    }
}
