package dev.tapestry.app.bench;

import dev.tapestry.app.bench.BenchException.Code;
import dev.tapestry.app.text.GroupedText;
import dev.tapestry.app.text.ParliamentDebates;
import dev.tapestry.corpus.DataCategory;
import dev.tapestry.corpus.DatasetCard;
import dev.tapestry.corpus.PermittedUse;
import dev.tapestry.corpus.TextFormat;
import dev.tapestry.corpus.preparation.Preparation;
import dev.tapestry.corpus.preparation.PreparationPlan;
import dev.tapestry.corpus.preparation.PreparationReport;
import dev.tapestry.corpus.preparation.ProgressListener;
import dev.tapestry.corpus.preparation.Source;
import dev.tapestry.corpus.preparation.Steps;
import dev.tapestry.corpus.preparation.StopHook;
import java.io.BufferedWriter;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import tools.jackson.databind.json.JsonMapper;

/** Prepares made-up text of real sentences, and measures time, processor time and heap. */
final class PrepareBenchmark {

    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final int SENTENCES = 30;

    private final Scratch scratch;
    private final int repeats;
    private final int threads;
    private final Output output;
    private final Path source;
    private final long bytes;

    PrepareBenchmark(
            Scratch scratch, int sizeMb, int repeats, int threads, long seed, Output output) {
        this.scratch = scratch;
        this.repeats = repeats;
        this.threads = threads;
        this.output = output;
        output.tell("%d MB of text in %s", sizeMb, scratch.directory());
        this.source = scratch.folder("source");
        this.bytes = write(sizeMb * 1_000_000L, seed);
    }

    /**
     * A kind of run.
     *
     * @param megabytesPerSecond of the files, by the clock; the median
     * @param megabytesPerCoreSecond of the files, by the processor time of the whole process, that
     *     of compiling and collecting included; the median
     * @param documents that were read
     * @param kept of them
     * @param peakHeapMegabytes the most that the heap's pools held
     */
    record Row(
            String steps,
            double megabytesPerSecond,
            double megabytesPerCoreSecond,
            long documents,
            long kept,
            long peakHeapMegabytes) {}

    /** One run that does not count, then those that do. */
    Row run(String name, Steps steps) {
        PreparationPlan plan =
                PreparationPlan.standard("bench", List.of(Source.of("debates", source)))
                        .with(steps);
        List<Double> rates = new ArrayList<>();
        List<Double> coreRates = new ArrayList<>();
        pools().forEach(MemoryPoolMXBean::resetPeakUsage);
        long documents = 0;
        long kept = 0;
        for (int run = 0; run <= repeats; run++) {
            Path target = scratch.directory().resolve("prepared");
            double processor = processorSeconds();
            long before = System.nanoTime();
            PreparationReport report =
                    Preparation.standard()
                            .onThreads(threads)
                            .run(plan, target, ProgressListener.silent(), StopHook.never());
            double seconds = (System.nanoTime() - before) / 1e9;
            double spent = processorSeconds() - processor;
            documents = report.steps().getFirst().documentsIn();
            kept = report.train().documents() + report.heldOut().documents();
            output.tell(
                    "%s, run %d: %.1f MB/s, %.1f MB/s and core",
                    name, run, bytes / seconds / 1e6, bytes / spent / 1e6);
            Scratch.delete(target);
            if (run > 0 || repeats == 0) {
                rates.add(bytes / seconds / 1e6);
                coreRates.add(bytes / spent / 1e6);
            }
        }
        long peak = pools().stream().mapToLong(pool -> pool.getPeakUsage().getUsed()).sum();
        return new Row(name, median(rates), median(coreRates), documents, kept, peak / 1_000_000);
    }

    private static List<MemoryPoolMXBean> pools() {
        return ManagementFactory.getMemoryPoolMXBeans().stream()
                .filter(pool -> pool.getType() == MemoryType.HEAP)
                .toList();
    }

    private static double processorSeconds() {
        return ProcessHandle.current()
                .info()
                .totalCpuDuration()
                .map(spent -> spent.toNanos() / 1e9)
                .orElseThrow(() ->
                        new BenchException(
                                Code.PROCESS, "this system does not tell processor time"));
    }

    private static double median(List<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        return sorted.get(sorted.size() / 2);
    }

    private long write(long size, long seed) {
        Random random = new Random(seed);
        List<List<String>> languages = new ArrayList<>();
        for (List<GroupedText> texts : ParliamentDebates.byLanguage().values()) {
            List<String> sentences = new ArrayList<>();
            texts.forEach(text -> sentences.addAll(List.of(text.text().split("(?<=[.!?]) +"))));
            languages.add(sentences);
        }
        Path file = source.resolve("debates.jsonl");
        try (BufferedWriter out = Files.newBufferedWriter(file)) {
            long written = 0;
            while (written < size) {
                List<String> sentences = languages.get(random.nextInt(languages.size()));
                StringBuilder text = new StringBuilder();
                for (int i = 1 + random.nextInt(SENTENCES); i > 0; i--) {
                    text.append(sentences.get(random.nextInt(sentences.size())));
                    text.append(random.nextInt(5) == 0 ? '\n' : ' ');
                }
                String line = "{\"text\":" + JSON.writeValueAsString(text.toString()) + "}\n";
                out.write(line);
                written += line.length();
            }
        } catch (IOException e) {
            throw new BenchException(Code.STORAGE, "cannot write " + file + ": " + e, e);
        }
        new DatasetCard(
                        "bench",
                        "as the debates",
                        DataCategory.OPEN,
                        "mul",
                        "EU",
                        Set.of(PermittedUse.values()),
                        new TextFormat.JsonLines("text", Optional.empty()),
                        List.of(),
                        "")
                .write(source);
        try {
            return Files.size(file);
        } catch (IOException e) {
            throw new BenchException(Code.STORAGE, "cannot read " + file + ": " + e, e);
        }
    }
}
