package dev.tapestry.app.bench;

import com.sun.management.OperatingSystemMXBean;
import dev.tapestry.app.bench.BenchException.Code;
import dev.tapestry.corpus.ByteLevelTokenizer;
import dev.tapestry.training.BatchEngine;
import dev.tapestry.training.Continuation;
import dev.tapestry.training.EnginePlan;
import dev.tapestry.training.Llama;
import dev.tapestry.training.LlamaConfig;
import dev.tapestry.training.Ongoing;
import dev.tapestry.training.Sampling;
import dev.tapestry.training.Step;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.gguf.GgufWriter;
import dev.tapestry.weights.gguf.Quantisation;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Continues texts with the engine, and lets another program do the same in turns. */
final class ServingBenchmark {

    private static final int HEAD = 64;
    private static final int MOST_POSITIONS = 2048;
    private static final double NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Scratch scratch;
    private final Work work;
    private final @Nullable String against;
    private final Output output;

    /**
     * What is done.
     *
     * @param prompt tokens of each prompt
     * @param tokens that follow each
     * @param threads of the processor
     * @param repeats of each measurement
     */
    record Work(int prompt, int tokens, int threads, int repeats) {}

    /**
     * How fast it was.
     *
     * @param tokensPerSecond all texts together, prompts read included
     * @param processorMillis processor time for each token
     */
    record Speed(double tokensPerSecond, double processorMillis) {}

    /** What another program prints. */
    record Said(double tokensPerSecond, double processorSeconds) {}

    /**
     * One line of the result.
     *
     * @param concurrent texts at once
     * @param own the engine's speed
     * @param other the other program's; zero without one
     */
    record Row(int concurrent, Speed own, Speed other) {

        /** How many times as fast as the other; zero without one. */
        double ratio() {
            return other.tokensPerSecond() == 0
                    ? 0
                    : own.tokensPerSecond() / other.tokensPerSecond();
        }

        /** The same by processor time, which a busy machine disturbs less. */
        double processorRatio() {
            return other.processorMillis() / own.processorMillis();
        }
    }

    ServingBenchmark(Scratch scratch, Work work, @Nullable String against, Output output) {
        this.scratch = scratch;
        this.work = work;
        this.against = against;
        this.output = output;
    }

    /** With random weights. */
    List<Row> run(Path tokenizerOf, int width, int layers, List<Integer> concurrent) {
        Path directory = scratch.directory().resolve("model");
        int vocabulary = ByteLevelTokenizer.open(tokenizerOf).vocabSize();
        int heads = width / HEAD;
        LlamaConfig shape =
                LlamaConfig.small(
                        vocabulary,
                        width,
                        width * 8 / 3,
                        layers,
                        heads,
                        heads % 3 == 0 ? heads / 3 : heads,
                        MOST_POSITIONS);
        try (Llama llama = Llama.fresh(shape, 1)) {
            llama.saveTo(directory, DType.F32);
            for (String file : List.of("tokenizer.json", "tokenizer_config.json")) {
                Files.copy(tokenizerOf.resolve(file), directory.resolve(file));
            }
        } catch (IOException e) {
            throw new BenchException(Code.STORAGE, "no place to work: " + e, e);
        }
        return run(directory, concurrent);
    }

    /** With a model. */
    List<Row> run(Path model, List<Integer> concurrent) {
        Path gguf = scratch.directory().resolve("model.gguf");
        if (against != null) {
            GgufWriter.write(model, gguf, Quantisation.F32);
        }
        try (ModelDirectory files = ModelDirectory.open(model);
                Llama llama = Llama.load(files)) {
            output.tell("%,d parameters, %d threads", llama.config().parameters(), work.threads());
            List<Row> rows = new ArrayList<>();
            for (int count : concurrent) {
                rows.add(row(llama, gguf, count));
            }
            return rows;
        } catch (IOException e) {
            throw new BenchException(Code.STORAGE, "the other program: " + e, e);
        } catch (InterruptedException e) {
            throw new BenchException(Code.STOPPED, "interrupted", e);
        }
    }

    private Row row(Llama llama, Path gguf, int count) throws IOException, InterruptedException {
        List<Speed> own = new ArrayList<>();
        List<Speed> other = new ArrayList<>();
        int needed = work.prompt() + work.tokens();
        EnginePlan plan =
                new EnginePlan(count, count, Math.max(needed, 2), work.prompt(), work.threads());
        try (BatchEngine engine = BatchEngine.start(llama, plan)) {
            measure(engine, count); // the first run warms up
            for (int i = 0; i < work.repeats(); i++) {
                own.add(measure(engine, count));
                if (against != null) {
                    other.add(other(gguf, count));
                }
            }
        }
        return new Row(count, median(own), other.isEmpty() ? new Speed(0, 0) : median(other));
    }

    private static Speed median(List<Speed> speeds) {
        return new Speed(
                speeds.stream()
                        .mapToDouble(Speed::tokensPerSecond)
                        .sorted()
                        .toArray()[speeds.size() / 2],
                speeds.stream()
                        .mapToDouble(Speed::processorMillis)
                        .sorted()
                        .toArray()[speeds.size() / 2]);
    }

    private Speed measure(BatchEngine engine, int count) throws InterruptedException {
        SplittableRandom random = new SplittableRandom(count);
        long processor = processorNanos();
        long began = System.nanoTime();
        List<Ongoing> texts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            List<Integer> prompt = new ArrayList<>();
            for (int j = 0; j < work.prompt(); j++) {
                prompt.add(random.nextInt(engine.config().vocabularySize()));
            }
            texts.add(
                    engine.submit(
                                    new Continuation(
                                            prompt,
                                            work.tokens(),
                                            Sampling.greedy(),
                                            Set.of(),
                                            0,
                                            false))
                            .orElseThrow());
        }
        int tokens = 0;
        for (Ongoing text : texts) {
            while (text.next() instanceof Step.Token) {
                tokens++;
            }
        }
        double seconds = (System.nanoTime() - began) / NANOS;
        return new Speed(tokens / seconds, (processorNanos() - processor) / NANOS * 1000 / tokens);
    }

    private static long processorNanos() {
        return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getProcessCpuTime();
    }

    private Speed other(Path gguf, int count) throws IOException, InterruptedException {
        Path said = scratch.directory().resolve("said.json");
        String command =
                "exec %s '%s' %d %d %d %d"
                        .formatted(
                                against, gguf, work.threads(), count, work.prompt(), work.tokens());
        Process process =
                new ProcessBuilder("sh", "-c", command)
                        .redirectOutput(said.toFile())
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
        if (process.waitFor() != 0) {
            throw new BenchException(
                    Code.PROCESS, "the other program ended with %d".formatted(process.exitValue()));
        }
        try {
            Said speed = CanonicalJson.read(Files.readAllBytes(said), Said.class);
            return new Speed(
                    speed.tokensPerSecond(),
                    speed.processorSeconds() * 1000 / (count * work.tokens()));
        } catch (TrustException e) {
            throw new BenchException(
                    Code.PROCESS, "the other program said no speed: " + e.getMessage(), e);
        }
    }
}
