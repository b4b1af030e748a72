package dev.tapestry.aggregation;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.ModelDirectoryWriter;
import dev.tapestry.weights.TensorSpec;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * Measures a merge beside the machine's own memory copy, in the same run and on as many threads.
 *
 * <p>The contributions are in the page cache when a merge begins, for they were just written. Two
 * merges that are not measured warm the compiler and show the peak of memory. Then merges and
 * copies of as many bytes take turns, so that both have the same neighbours on a shared machine.
 * Rates count bytes read: the base and all contributions; nothing is counted for what is written.
 * Making the candidate durable depends on the disk and is reported apart.
 */
public final class MergeBenchmark {

    private static final long COLUMNS = 1024;
    private static final long COPY_BYTES = 64L << 20;
    private static final int WARM_UPS = 2;

    private MergeBenchmark() {}

    /**
     * What is merged.
     *
     * @param members contributions, at least 1
     * @param megabytes of fp32 in each, at least 1
     * @param repeats measured merges; the median counts
     * @param threads of merge and copy
     * @param rule of the outer step
     */
    public record Settings(int members, int megabytes, int repeats, int threads, MergeRule rule) {
        public Settings {
            if (members < 1 || megabytes < 1 || repeats < 1) {
                throw new AggregationException(
                        AggregationException.Code.INVALID_ORDER,
                        "members, megabytes and repeats are at least 1");
            }
        }

        /** Four contributions of 400 MB, averaged on all processors. */
        public static Settings standard() {
            int processors = Runtime.getRuntime().availableProcessors();
            return new Settings(4, 400, 5, processors, MergeRule.fedAvg());
        }
    }

    /**
     * What came out; rates in 10⁹ bytes per second.
     *
     * @param members contributions
     * @param megabytes of fp32 in each
     * @param threads of merge and copy
     * @param readGbPerSecond bytes of base and contributions over the median time of a merge
     * @param copyGbPerSecond bytes copied from memory to memory over the median time of copies
     * @param fractionOfCopy the first rate over the second
     * @param mergeSecondsMedian reading, adding and writing into the page cache
     * @param flushSecondsMedian making the candidate durable
     * @param peakRssMb VmHWM of this process in 10⁶ bytes; −1 where the system does not tell
     */
    public record Report(
            int members,
            int megabytes,
            int threads,
            double readGbPerSecond,
            double copyGbPerSecond,
            double fractionOfCopy,
            double mergeSecondsMedian,
            double flushSecondsMedian,
            long peakRssMb) {}

    /**
     * Writes the models, merges and measures.
     *
     * @param folder an existing directory with room for (members + 2) models; nothing is left in it
     */
    public static Report run(Settings settings, Path folder) {
        try {
            Path scratch = Files.createTempDirectory(folder, "merge-benchmark-");
            try {
                return measure(settings, scratch);
            } finally {
                MergeFolder.delete(scratch);
            }
        } catch (IOException e) {
            throw new AggregationException(
                    AggregationException.Code.IO, "cannot measure in " + folder + ": " + e, e);
        }
    }

    private static Report measure(Settings settings, Path scratch) throws IOException {
        List<ModelDirectory> opened = new ArrayList<>();
        try {
            ModelDirectory base = open(scratch, 0, settings.megabytes(), opened);
            SequencedMap<MemberId, WeightedContribution> members = new TreeMap<>();
            for (int member = 1; member <= settings.members(); member++) {
                ModelDirectory model = open(scratch, member, settings.megabytes(), opened);
                members.put(
                        new MemberId("member-" + member),
                        new WeightedContribution(model, digest(member), 1.0 / settings.members()));
            }
            MergeOrder order =
                    MergeOrder.of(base, digest(0), members, settings.rule(), Optional.empty());
            double bytes = base.bytes() * (settings.members() + 1.0);
            long peakRssMb = -1;
            List<Double> merging = new ArrayList<>();
            List<Double> flushing = new ArrayList<>();
            List<Double> copying = new ArrayList<>();
            for (int repeat = -WARM_UPS; repeat < settings.repeats(); repeat++) {
                if (repeat == 0) {
                    peakRssMb = peakRssMb();
                }
                MergeOutcome outcome = merge(order, scratch, settings.threads());
                if (repeat >= 0) {
                    merging.add(outcome.arithmetic().toNanos() / 1e9);
                    flushing.add(outcome.flushing().toNanos() / 1e9);
                    copying.add(secondsToCopy(bytes, settings.threads()));
                }
            }
            double read = bytes / 1e9 / median(merging);
            double copy = bytes / 1e9 / median(copying);
            return new Report(
                    settings.members(),
                    settings.megabytes(),
                    settings.threads(),
                    read,
                    copy,
                    read / copy,
                    median(merging),
                    median(flushing),
                    peakRssMb);
        } finally {
            opened.forEach(ModelDirectory::close);
        }
    }

    private static ModelDirectory open(
            Path scratch, int number, int megabytes, List<ModelDirectory> opened) {
        Path path = scratch.resolve("model" + number);
        long rows = megabytes * 1_000_000L / Float.BYTES / COLUMNS / 4;
        List<TensorSpec> specs = new ArrayList<>();
        for (int layer = 0; layer < 4; layer++) {
            specs.add(
                    TensorSpec.of(
                            "model.layers." + layer + ".weight", DType.F32, rows + 1, COLUMNS));
        }
        SplittableRandom random = new SplittableRandom(number);
        float[] chunk = new float[1 << 16];
        try (ModelDirectoryWriter writer =
                ModelDirectoryWriter.create(
                        path, specs, ModelDirectoryWriter.DEFAULT_SHARD_BYTES)) {
            writer.addFile(ModelDirectory.CONFIG, "{}".getBytes(StandardCharsets.UTF_8));
            for (TensorSpec spec : specs) {
                MemorySegment data = writer.data(spec.name());
                for (int i = 0; i < chunk.length; i++) {
                    chunk[i] = (float) (random.nextDouble() - 0.5);
                }
                for (long first = 0; first < spec.elements(); first += chunk.length) {
                    int count = (int) Math.min(chunk.length, spec.elements() - first);
                    long at = first * Float.BYTES;
                    MemorySegment.copy(chunk, 0, data, ScalarKernels.F32, at, count);
                    PassedPages.release(data, at, (long) count * Float.BYTES);
                }
            }
            writer.commit();
        }
        ModelDirectory model = ModelDirectory.open(path);
        opened.add(model);
        return model;
    }

    private static Digest digest(int number) {
        return Digest.of(new byte[] {(byte) number, (byte) (number >>> 8)});
    }

    private static MergeOutcome merge(MergeOrder order, Path scratch, int threads)
            throws IOException {
        Path place = Files.createDirectory(scratch.resolve("merged"));
        MergeOutcome outcome = Merge.run(order, place.resolve("candidate"), threads);
        MergeFolder.delete(place);
        return outcome;
    }

    /** Copies 64 MiB on each thread again and again until {@code bytes} are copied. */
    private static double secondsToCopy(double bytes, int threads) {
        Workers workers = new Workers(threads);
        try (Arena arena = Arena.ofShared()) {
            MemorySegment from = arena.allocate(COPY_BYTES * threads, 64).fill((byte) 1);
            MemorySegment to = arena.allocate(COPY_BYTES * threads, 64).fill((byte) 2);
            long begun = System.nanoTime();
            workers.each(
                    (int) Math.ceil(bytes / COPY_BYTES),
                    () -> to,
                    (target, index) -> {
                        long at = index % threads * COPY_BYTES;
                        MemorySegment.copy(from, at, target, at, COPY_BYTES);
                    });
            double seconds = (System.nanoTime() - begun) / 1e9;
            return seconds * bytes / (Math.ceil(bytes / COPY_BYTES) * COPY_BYTES);
        }
    }

    private static double median(List<Double> values) {
        return values.stream().sorted().toList().get(values.size() / 2);
    }

    private static long peakRssMb() throws IOException {
        Path status = Path.of("/proc/self/status");
        if (!Files.isReadable(status)) {
            return -1;
        }
        for (String line : Files.readAllLines(status)) {
            if (line.startsWith("VmHWM:")) {
                return Long.parseLong(line.replaceAll("\\D", "")) * 1024 / 1_000_000;
            }
        }
        return -1;
    }
}
