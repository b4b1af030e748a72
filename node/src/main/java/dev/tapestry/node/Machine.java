package dev.tapestry.node;

import dev.tapestry.node.HealthFinding.Severity;
import dev.tapestry.training.Generation;
import dev.tapestry.training.Llama;
import dev.tapestry.training.LlamaConfig;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.TensorSpec;
import dev.tapestry.weights.WeightsException;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Looks over the machine that a node runs on, or shall run on. */
public final class Machine {

    private static final int JDK = 25;
    private static final long LITTLE_MEMORY_BYTES = 2L << 30;
    private static final long LITTLE_DISK_BYTES = 5L << 30;

    /** In fp32, outside of Java's heap: a weight, its gradient, two moments of the optimiser. */
    private static final long TRAINING_BYTES_PER_WEIGHT = 4 * Float.BYTES;

    private Machine() {}

    /**
     * Java, memory, disk and the training engine.
     *
     * @param directory of the node, or where it shall lie
     * @param model that will be trained, when it is known already
     */
    public static List<HealthFinding> examine(Path directory, Optional<Path> model) {
        return List.of(java(), memory(model), disk(directory), engine());
    }

    private static HealthFinding java() {
        int jdk = Runtime.version().feature();
        return new HealthFinding(
                "JDK",
                jdk >= JDK ? Severity.GOOD : Severity.BROKEN,
                "Java " + Runtime.version(),
                jdk >= JDK ? "" : "install a JDK of version " + JDK + " or newer");
    }

    private static HealthFinding memory(Optional<Path> model) {
        long needed = model.map(Machine::weights).orElse(0L) * TRAINING_BYTES_PER_WEIGHT;
        return memory(physicalBytes(), needed);
    }

    /** Weights lie outside of Java's heap: what counts is the machine's memory. */
    static HealthFinding memory(long physicalBytes, long neededBytes) {
        boolean enough = physicalBytes >= Math.max(LITTLE_MEMORY_BYTES, neededBytes);
        String model =
                neededBytes == 0
                        ? ""
                        : "; to train the base takes about %,d MiB".formatted(neededBytes >> 20);
        return new HealthFinding(
                "memory",
                enough ? Severity.GOOD : Severity.WORTH_A_LOOK,
                "%,d MiB, %d processors%s"
                        .formatted(
                                physicalBytes >> 20,
                                Runtime.getRuntime().availableProcessors(),
                                model),
                enough ? "" : "train on a machine with more memory");
    }

    private static long physicalBytes() {
        return ManagementFactory.getOperatingSystemMXBean()
                        instanceof com.sun.management.OperatingSystemMXBean system
                ? system.getTotalMemorySize()
                : Runtime.getRuntime().maxMemory();
    }

    private static long weights(Path model) {
        try (ModelDirectory files = ModelDirectory.open(model)) {
            return files.tensors().values().stream().mapToLong(TensorSpec::elements).sum();
        } catch (WeightsException _) {
            return 0; // who opens it to train says what is wrong with it
        }
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
                    "disk",
                    Severity.BROKEN,
                    e.toString(),
                    "name the directory in which the node lies, or create it by joining");
        }
    }

    /** Loads the native libraries and computes something with them. */
    private static HealthFinding engine() {
        try (Llama tiny = Llama.fresh(LlamaConfig.small(16, 8, 16, 1, 2, 1, 8), 1)) {
            int logits = new Generation(tiny).logitsAfter(List.of(1, 2, 3)).length;
            return new HealthFinding(
                    "engine", Severity.GOOD, "libtorch computes (%d logits)".formatted(logits), "");
        } catch (LinkageError e) {
            return new HealthFinding(
                    "engine",
                    Severity.BROKEN,
                    "the training engine does not load: " + e,
                    "it needs Linux on x86-64 with glibc, and on its first use room to be unpacked to");
        }
    }
}
