package dev.tapestry.training;

import com.sun.management.OperatingSystemMXBean;
import dev.tapestry.training.TrainingException.Code;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * How fast this machine trains, beside how fast it multiplies matrices in the same run.
 *
 * <p>Models of about 1 and 10 million parameters learn a synthetic text (each token follows from
 * the one before, some are random), in fp32 and bf16, from the same seed. Rates are of the median
 * step.
 *
 * @param optimizer of all runs; Muon's own matrix products are not counted as the model's
 * @param steps training steps of each run; at least 21, since memory is first read after step 20
 * @param threads that libtorch uses
 * @param sequences in a batch
 * @param sequenceLength tokens of a sequence
 * @param device to train on
 */
public record TrainBenchmark(
        OptimizerPlan optimizer,
        int steps,
        int threads,
        int sequences,
        int sequenceLength,
        Device device) {

    private static final int MEMORY_FROM_STEP = 20;
    private static final int MATRIX = 1024;

    /** On a GPU, which a smaller product does not fill. */
    private static final int GPU_MATRIX = 8192;

    /**
     * One model in one precision.
     *
     * @param model "1M", "10M" or "100M"
     * @param parameters exactly
     * @param precision of the matrix products
     * @param tokensPerSecond trained on, optimiser included
     * @param tokensPerProcessorSecond trained on in a second of the process' time on all its
     *     processors; other work on the machine counts little
     * @param gigaflops floating-point operations of forward and backward pass per second, in 10⁹
     * @param matmulGigaflops rate of a plain product of square matrices in the same precision:
     *     1,024 rows, on a GPU 8,192
     * @param shareOfMatmul the first rate over the second
     * @param rssMebibytes resident memory of the process after step 20 and each later quarter of
     *     the steps
     * @param finalLoss mean of the last tenth of the steps, nats per token
     */
    public record Row(
            String model,
            long parameters,
            Precision precision,
            double tokensPerSecond,
            double tokensPerProcessorSecond,
            double gigaflops,
            double matmulGigaflops,
            double shareOfMatmul,
            List<Long> rssMebibytes,
            double finalLoss) {}

    public TrainBenchmark {
        if (steps <= MEMORY_FROM_STEP || threads < 1 || sequences < 1 || sequenceLength < 1) {
            throw new TrainingException(
                    Code.INVALID_PLAN,
                    "benchmark: steps %d must exceed 20; threads %d, sequences %d and sequenceLength %d must be positive"
                            .formatted(steps, threads, sequences, sequenceLength));
        }
    }

    /** 1,000 AdamW steps of 8 sequences of 256 tokens, on the processors. */
    public static TrainBenchmark standard(int threads) {
        return new TrainBenchmark(
                OptimizerPlan.AdamW.of(0.002, 0.1), 1000, threads, 8, 256, Device.CPU);
    }

    /**
     * Runs these models in these precisions; tells {@code progress} each row as it is done.
     *
     * @param models among "1M", "10M" and "100M"
     */
    public List<Row> run(Set<String> models, Set<Precision> precisions, Consumer<Row> progress) {
        SortedMap<String, LlamaConfig> configs = new TreeMap<>();
        configs.put("1M", LlamaConfig.small(2048, 128, 384, 4, 4, 2, sequenceLength));
        configs.put("10M", LlamaConfig.small(4096, 384, 1024, 6, 6, 2, sequenceLength));
        configs.put("100M", LlamaConfig.small(32_768, 768, 2048, 12, 12, 4, sequenceLength));
        if (models.isEmpty() || !configs.keySet().containsAll(models)) {
            throw new TrainingException(
                    Code.INVALID_PLAN, "models are among " + configs.keySet() + ", not " + models);
        }
        List<Row> rows = new ArrayList<>();
        SortedSet<Precision> each = new TreeSet<>();
        precisions.forEach(precision -> each.add(precision.resolved()));
        for (Precision precision : each) {
            double matmul = matmulGigaflops(precision);
            configs.forEach((name, config) -> {
                if (models.contains(name)) {
                    rows.add(train(name, config, precision, matmul));
                    progress.accept(rows.getLast());
                }
            });
        }
        return rows;
    }

    Row train(String name, LlamaConfig config, Precision precision, double matmul) {
        TrainingPlan plan =
                new TrainingPlan(
                                optimizer,
                                new LearningRateSchedule.Constant(20L * sequences * sequenceLength),
                                sequences,
                                sequenceLength,
                                1.0,
                                precision,
                                1,
                                threads)
                        .withDevice(device);
        double[] seconds = new double[steps];
        double[] processorSeconds = new double[steps];
        double[] losses = new double[steps];
        List<Long> rss = new ArrayList<>();
        try (Trainer trainer =
                Trainer.begin(
                        Llama.fresh(config, 1, device), plan, text(config.vocabularySize()))) {
            for (int i = 0; i < steps; i++) {
                long start = System.nanoTime();
                long processorStart = processorNanos();
                losses[i] = trainer.step().loss();
                device.await();
                processorSeconds[i] = (processorNanos() - processorStart) / 1e9;
                seconds[i] = (System.nanoTime() - start) / 1e9;
                int quarter = (i + 1) * 4 / steps;
                boolean ends = quarter > i * 4 / steps;
                if (i == MEMORY_FROM_STEP - 1 || (ends && i >= MEMORY_FROM_STEP)) {
                    rss.add(rssMebibytes());
                }
            }
            Arrays.sort(seconds);
            Arrays.sort(processorSeconds);
            double rate = plan.tokensPerStep() / seconds[steps / 2];
            double gigaflops = rate * config.trainingFlopsPerToken(sequenceLength) / 1e9;
            return new Row(
                    name,
                    config.parameters(),
                    precision,
                    rate,
                    plan.tokensPerStep() / middle(processorSeconds),
                    gigaflops,
                    matmul,
                    gigaflops / matmul,
                    List.copyOf(rss),
                    Arrays.stream(losses).skip(steps - steps / 10).average().orElseThrow());
        }
    }

    /**
     * The mean of the middle half: no step that something came between, and finer than a
     * processor's clock, which may count hundredths of a second.
     */
    private static double middle(double[] sorted) {
        int quarter = sorted.length / 4;
        return Arrays.stream(sorted, quarter, sorted.length - quarter).average().orElseThrow();
    }

    /** Of ten tokens nine follow from the one before and one is random. */
    private static Tokens text(int vocabularySize) {
        SplittableRandom random = new SplittableRandom(1);
        int[] ids = new int[200_000];
        for (int i = 1; i < ids.length; i++) {
            ids[i] =
                    random.nextInt(10) == 0
                            ? random.nextInt(vocabularySize)
                            : (ids[i - 1] * 5 + 7) % vocabularySize;
        }
        return Tokens.of(ids);
    }

    double matmulGigaflops(Precision precision) {
        Libtorch.load();
        torch.set_num_threads(threads);
        try (PointerScope _ = new PointerScope();
                GradientsOff _ = new GradientsOff()) {
            ScalarType type = precision == Precision.BF16 ? ScalarType.BFloat16 : ScalarType.Float;
            int rows = device.equals(Device.CPU) ? MATRIX : GPU_MATRIX;
            TensorOptions options = device.options(type);
            Tensor a = torch.randn(new long[] {rows, rows}, options);
            Tensor b = torch.randn(new long[] {rows, rows}, options);
            Tensor c = torch.empty(new long[] {rows, rows}, options, new MemoryFormatOptional());
            double[] seconds = new double[15];
            for (int i = 0; i < seconds.length; i++) {
                long start = System.nanoTime();
                torch.mm_out(c, a, b);
                device.await();
                seconds[i] = (System.nanoTime() - start) / 1e9;
            }
            Arrays.sort(seconds);
            return 2.0 * rows * rows * rows / seconds[seconds.length / 2] / 1e9;
        }
    }

    /** What the whole process has used, in nanoseconds. */
    private static long processorNanos() {
        return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getProcessCpuTime();
    }

    private static long rssMebibytes() {
        try {
            for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
                if (line.startsWith("VmRSS:")) {
                    return Long.parseLong(line.replaceAll("\\D", "")) / 1024;
                }
            }
            return 0;
        } catch (IOException e) {
            return 0; // only Linux tells
        }
    }
}
