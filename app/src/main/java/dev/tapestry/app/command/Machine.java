package dev.tapestry.app.command;

import dev.tapestry.node.HealthFinding;
import dev.tapestry.node.HealthFinding.Severity;
import dev.tapestry.training.Generation;
import dev.tapestry.training.Llama;
import dev.tapestry.training.LlamaConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Looks over a machine that has no node yet. */
final class Machine {

    private static final int JDK = 25;
    private static final long LITTLE_MEMORY_BYTES = 512L << 20;
    private static final long LITTLE_DISK_BYTES = 5L << 30;

    private Machine() {}

    /** Java, memory, the disk at {@code directory}, and the training engine. */
    static List<HealthFinding> examine(Path directory) {
        List<HealthFinding> findings = new ArrayList<>();
        int jdk = Runtime.version().feature();
        findings.add(
                new HealthFinding(
                        "JDK",
                        jdk >= JDK ? Severity.GOOD : Severity.BROKEN,
                        "Java " + Runtime.version(),
                        jdk >= JDK ? "" : "install a JDK of version " + JDK + " or newer"));
        long heap = Runtime.getRuntime().maxMemory();
        findings.add(
                new HealthFinding(
                        "memory",
                        heap >= LITTLE_MEMORY_BYTES ? Severity.GOOD : Severity.WORTH_A_LOOK,
                        "up to %,d MiB of heap, %d processors"
                                .formatted(heap >> 20, Runtime.getRuntime().availableProcessors()),
                        heap >= LITTLE_MEMORY_BYTES
                                ? ""
                                : "give Java more: TAPESTRY_JAVA_OPTS=-Xmx512m or more"));
        findings.add(disk(directory));
        findings.add(engine());
        return List.copyOf(findings);
    }

    private static HealthFinding disk(Path directory) {
        try {
            long room = Files.getFileStore(directory).getUsableSpace();
            boolean enough = room >= LITTLE_DISK_BYTES;
            return new HealthFinding(
                    "disk",
                    enough ? Severity.GOOD : Severity.WORTH_A_LOOK,
                    "%,d MiB free at %s".formatted(room >> 20, directory.toAbsolutePath()),
                    enough ? "" : "a node keeps about five copies of the model; make room");
        } catch (IOException e) {
            return new HealthFinding(
                    "disk", Severity.BROKEN, e.toString(), "run this where the node shall live");
        }
    }

    /** Loads the native libraries and computes something with them. */
    static HealthFinding engine() {
        try (Llama tiny = Llama.fresh(LlamaConfig.small(16, 8, 16, 1, 2, 1, 8), 1)) {
            int logits = new Generation(tiny).logitsAfter(List.of(1, 2, 3)).length;
            return new HealthFinding(
                    "engine", Severity.GOOD, "libtorch computes (%d logits)".formatted(logits), "");
        } catch (LinkageError e) {
            return new HealthFinding(
                    "engine",
                    Severity.BROKEN,
                    "the training engine does not load: " + e,
                    "it needs Linux on x86-64 with glibc");
        }
    }
}
