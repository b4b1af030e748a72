package dev.tapestry.app.chaos;

import dev.tapestry.app.chaos.disk.FailingDiskProvider;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What stands ready to break.
 *
 * @param disks whether the processes have disks that can fail
 * @param lines whether nodes reach the coordinator through lines that can break
 * @param clocks the library that gives a process a clock of its own, where clocks are to be set
 */
record Apparatus(boolean disks, boolean lines, Optional<Path> clocks) {

    private static final List<Path> FAKETIME =
            List.of(
                    Path.of("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"),
                    Path.of("/usr/lib64/faketime/libfaketimeMT.so.1"),
                    Path.of("/usr/lib/faketime/libfaketimeMT.so.1"));

    /** Nothing: what is killed is killed from outside. */
    static Apparatus none() {
        return new Apparatus(false, false, Optional.empty());
    }

    /** Debian's {@code faketime}, if it is installed. */
    static Optional<Path> faketime() {
        return FAKETIME.stream().filter(Files::exists).findFirst();
    }

    /** What a JVM is started with whose disk under {@code root} can fail. */
    List<String> options(Path control, Path root) {
        return disks ? FailingDiskProvider.options(control, root) : List.of();
    }

    /** The environment of a process whose clock is in {@code file}: {@code +86400} is a day on. */
    Map<String, String> environment(Path file) {
        return clocks.map(library ->
                        Map.of(
                                "LD_PRELOAD",
                                library.toString(),
                                "FAKETIME_TIMESTAMP_FILE",
                                file.toString(),
                                "FAKETIME_CACHE_DURATION",
                                "1",
                                "FAKETIME_DONT_FAKE_MONOTONIC",
                                "1"))
                .orElse(Map.of());
    }
}
