package dev.tapestry.acceptance;

import dev.tapestry.app.command.TapestryCommand;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * Tapestry as a process of its own: this test's class path and JVM settings, as the launcher would
 * give them.
 */
final class Program implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private final Process process;
    private final Path output;

    private Program(Process process, Path output) {
        this.process = process;
        this.output = output;
    }

    /** The repository. */
    static Path home() {
        Path here = Path.of("").toAbsolutePath();
        return Files.exists(here.resolve("tapestry")) ? here : here.getParent();
    }

    /** Starts {@code tapestry words…}; what it prints is appended to {@code output}. */
    static Program start(Path output, Object... words) {
        return start(output, Map.of(), words);
    }

    /** The same with more variables in its environment. */
    static Program start(Path output, Map<String, String> environment, Object... words) {
        // A shell's background job ignores interrupts, and so would its children; a session of its
        // own makes a group that a keyboard's interrupt reaches as a whole.
        List<String> command = new ArrayList<>(List.of("setsid", "env", "--default-signal=INT"));
        command.addAll(java());
        Arrays.stream(words).map(Object::toString).forEach(command::add);
        try {
            ProcessBuilder builder =
                    new ProcessBuilder(command)
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.appendTo(output.toFile()));
            builder.environment().putAll(environment);
            return new Program(builder.start(), output);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The words before those of a command. */
    static List<String> java() {
        List<String> java = new ArrayList<>();
        java.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(word -> !word.startsWith("-Xmx") && !word.startsWith("-javaagent"))
                .forEach(java::add);
        java.addAll(
                List.of(
                        "-Xmx320m",
                        "-XX:+UseSerialGC",
                        "-Dtapestry.home=" + home(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        "dev.tapestry.app.Main"));
        return java;
    }

    /** A script that does what {@code ./tapestry} does once everything is built. */
    static Path launcher(Path directory) throws IOException {
        Path launcher = directory.resolve("tapestry");
        String words =
                java().stream().map(word -> "'" + word + "'").collect(Collectors.joining(" "));
        Files.writeString(launcher, "#!/bin/sh\nexec " + words + " \"$@\"\n");
        return Files.setPosixFilePermissions(
                launcher, PosixFilePermissions.fromString("rwx------"));
    }

    /** Runs a short command inside this process; its exit code. */
    static int here(Object... words) {
        return TapestryCommand.run(
                Arrays.stream(words).map(Object::toString).toArray(String[]::new));
    }

    Process process() {
        return process;
    }

    /** A process that it started, by what stands in its command line; {@code \0} parts words. */
    ProcessHandle child(String words) {
        return process.descendants()
                .filter(child -> commandLine(child).contains(words))
                .findFirst()
                .orElseThrow();
    }

    private static String commandLine(ProcessHandle process) {
        try {
            return Files.readString(Path.of("/proc", Long.toString(process.pid()), "cmdline"));
        } catch (IOException e) {
            return ""; // it has ended
        }
    }

    /** Everything printed so far. */
    String printed() {
        try {
            return Files.readString(output);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Ends it as a power cut would. */
    void kill() {
        process.destroyForcibly();
        await();
    }

    /** What Ctrl-C sends, to it and all that it started. */
    void interrupt() {
        try {
            new ProcessBuilder("kill", "-INT", "--", "-" + process.pid()).start().waitFor();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void await() {
        try {
            if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                throw new IllegalStateException("does not end: " + process.info());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Ends it and everything that it started. */
    @Override
    public void close() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        kill();
    }
}
