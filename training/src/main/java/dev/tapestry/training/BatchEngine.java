package dev.tapestry.training;

import dev.tapestry.training.Step.Reason;
import dev.tapestry.training.TrainingException.Code;
import java.lang.System.Logger.Level;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Continues several texts at once with one model, in fp32: between two steps texts join the batch
 * and leave it, and long prompts are read in pieces so that the others need not wait for them
 * (continuous batching: Yu et al., Orca, OSDI 2022).
 *
 * <p>One thread of its own uses the model, which nobody else may until this is closed. A text has
 * random numbers of its own, so its tokens depend on its seed and its logits alone. These are the
 * same in every batch up to rounding: libtorch adds up a product of one row in another order than
 * one of many. Where two tokens are as good as equally likely another batch can therefore choose
 * the other one. Thread-safe.
 */
public final class BatchEngine implements AutoCloseable {

    private static final System.Logger LOG = System.getLogger(BatchEngine.class.getName());
    private static final int LEAST_CAPACITY = 128;

    private final Llama model;
    private final EnginePlan plan;
    private final int vocabulary;
    private final int positions;
    private final BlockingQueue<Ongoing> waiting;
    private final Thread thread;
    private volatile boolean closing;
    private volatile int running;

    /** A text in the batch. */
    private static final class Row {
        private final Ongoing ongoing;
        private final int[] prompt;
        private final int most;
        private final TokenChooser chooser;
        private int length;
        private int next;
        private int produced;

        Row(Ongoing ongoing, int positions) {
            this.ongoing = ongoing;
            Continuation wanted = ongoing.continuation();
            prompt = wanted.prompt().stream().mapToInt(Integer::intValue).toArray();
            most = (int) Math.min(positions, (long) prompt.length + wanted.maxTokens());
            chooser = new TokenChooser(wanted.sampling());
        }

        boolean isReading() {
            return length < prompt.length;
        }

        /** Why no more tokens shall come, if so. */
        Optional<Reason> end() {
            Continuation wanted = ongoing.continuation();
            if (ongoing.isCancelled()) {
                return Optional.of(Reason.CANCELLED);
            }
            if (wanted.ends().contains(next)) {
                return Optional.of(Reason.END_TOKEN);
            }
            return produced == wanted.maxTokens() || length == most
                    ? Optional.of(Reason.LENGTH)
                    : Optional.empty();
        }
    }

    private BatchEngine(Llama model, int vocabulary, EnginePlan plan) {
        this.model = model;
        this.plan = plan;
        this.vocabulary = Math.min(vocabulary, model.config().vocabularySize());
        this.positions =
                Math.min(
                        plan.context(),
                        model.config().variant().window(model.config().maxPositions()));
        this.waiting = new ArrayBlockingQueue<>(plan.waiting());
        this.thread = Thread.ofPlatform().name("engine").unstarted(this::run);
    }

    /** An engine that runs until it is closed; {@code model} must stay open as long. */
    public static BatchEngine start(Llama model, EnginePlan plan) {
        return start(model, model.config().vocabularySize(), plan);
    }

    /**
     * The same for a model that has rows which no token has.
     *
     * @param vocabulary ids from here are never chosen nor named
     */
    public static BatchEngine start(Llama model, int vocabulary, EnginePlan plan) {
        BatchEngine engine = new BatchEngine(model, vocabulary, plan);
        engine.thread.start();
        return engine;
    }

    /** The model's shape. */
    public LlamaConfig config() {
        return model.config();
    }

    /** How many tokens a prompt and what follows it may have together. */
    public int positions() {
        return positions;
    }

    /** Texts in the batch. */
    public int running() {
        return running;
    }

    /** Texts that wait for a place in it. */
    public int waiting() {
        return waiting.size();
    }

    /**
     * Puts a text in the queue; nothing if the queue is full or the engine closes.
     *
     * @throws TrainingException {@code INVALID_PLAN} for a prompt that leaves no room, {@code
     *     TOKEN_OUT_OF_RANGE}
     */
    public Optional<Ongoing> submit(Continuation continuation) {
        if (continuation.prompt().size() >= positions) {
            throw new TrainingException(
                    Code.INVALID_PLAN,
                    "the prompt has %d tokens, and with the answer it may have %d: shorten it"
                            .formatted(continuation.prompt().size(), positions));
        }
        TokenBatch.check(
                continuation.prompt().stream().mapToLong(Integer::longValue).toArray(),
                0,
                model.config().vocabularySize());
        Ongoing ongoing = new Ongoing(continuation, waiting);
        if (closing || !waiting.offer(ongoing)) {
            return Optional.empty();
        }
        // The thread may have emptied the queue for the last time just before.
        return closing && waiting.remove(ongoing) ? Optional.empty() : Optional.of(ongoing);
    }

    private void run() {
        List<Row> batch = new ArrayList<>();
        Optional<Row> reading = Optional.empty();
        torch.set_num_threads(plan.threads());
        try (BatchCache cache = new BatchCache(model);
                GradientsOff _ = new GradientsOff()) {
            while (!closing) {
                try {
                    sweep(batch, reading, cache);
                    reading = reading.filter(row -> !row.ongoing.isCancelled());
                    if (reading.isEmpty() && batch.size() < plan.sequences()) {
                        reading = joining(batch.isEmpty());
                    }
                    running = batch.size() + (reading.isPresent() ? 1 : 0);
                    if (reading.isPresent()) {
                        Row row = reading.get();
                        Libtorch.does("reading a prompt", () -> read(row, batch.size(), cache));
                        if (!row.isReading()) {
                            batch.add(row);
                            reading = Optional.empty();
                            sweep(batch, reading, cache);
                        }
                    }
                    if (!batch.isEmpty()) {
                        Libtorch.does("continuing a text", () -> step(batch, cache));
                    }
                } catch (RuntimeException e) {
                    if (!(e instanceof TrainingException)) {
                        LOG.log(Level.ERROR, "texts of the batch are given up", e);
                    }
                    Step failed = new Step.Ended(Reason.FAILED, String.valueOf(e.getMessage()));
                    batch.forEach(row -> row.ongoing.put(failed));
                    reading.ifPresent(row -> row.ongoing.put(failed));
                    batch.clear();
                    reading = Optional.empty();
                    // What a step left in the middle may be no numbers, which no mask hides.
                    cache.clear();
                } catch (InterruptedException _) {
                    closing = true;
                }
            }
        } finally {
            Step closed = new Step.Ended(Reason.CLOSING, "");
            batch.forEach(row -> row.ongoing.put(closed));
            reading.ifPresent(row -> row.ongoing.put(closed));
            closing = true;
            for (Ongoing left = waiting.poll(); left != null; left = waiting.poll()) {
                left.put(closed);
            }
        }
    }

    /** The next in the queue, waited for if there is nothing else to do. */
    private Optional<Row> joining(boolean idle) throws InterruptedException {
        running = idle ? 0 : running;
        Ongoing next = idle ? waiting.take() : waiting.poll();
        while (next != null && next.isCancelled()) {
            next = waiting.poll();
        }
        return Optional.ofNullable(next).map(ongoing -> new Row(ongoing, positions));
    }

    /** Takes those out of the batch that are at their end, or that nobody wants any more. */
    private static void sweep(List<Row> batch, Optional<Row> reading, BatchCache cache) {
        for (int i = batch.size() - 1; i >= 0; i--) {
            int index = i;
            batch.get(i)
                    .end()
                    .ifPresent(reason -> {
                        batch.get(index).ongoing.put(new Step.Ended(reason, ""));
                        remove(index, batch, reading, cache);
                    });
        }
    }

    /** The last takes the place of the one that leaves, and the one that is reading the last's. */
    private static void remove(
            int index, List<Row> batch, Optional<Row> reading, BatchCache cache) {
        int last = batch.size() - 1;
        if (index < last) {
            cache.move(last, index, batch.get(last).length);
            batch.set(index, batch.get(last));
        }
        batch.removeLast();
        reading.filter(row -> row.length > 0)
                .ifPresent(row -> cache.move(last + 1, last, row.length));
    }

    /** Reads the next piece of a prompt; with the last one comes the first token. */
    private boolean read(Row row, int slot, BatchCache cache) {
        cache.reserve(slot + 1, capacity(row.most));
        int count = Math.min(plan.chunk(), row.prompt.length - row.length);
        long[] ids = new long[count];
        for (int i = 0; i < count; i++) {
            ids[i] = row.prompt[row.length + i];
        }
        try (PointerScope _ = new PointerScope()) {
            Tensor hidden =
                    model.forward()
                            .hidden(
                                    Tensor.create(ids, 1, count),
                                    Precision.FP32,
                                    cache.chunk(slot, row.length, count));
            row.length += count;
            if (!row.isReading()) {
                Tensor last = hidden.narrow(1, count - 1L, 1);
                choose(row, logits(last, 1)[0]);
            }
        }
        return true;
    }

    /** Room grows in powers of two, so that it grows seldom. */
    private static int capacity(int wanted) {
        return Math.max(LEAST_CAPACITY, Integer.highestOneBit(Math.max(1, wanted - 1)) << 1);
    }

    /** One more token for every text of the batch. */
    private boolean step(List<Row> batch, BatchCache cache) {
        long[] ids = batch.stream().mapToLong(row -> row.next).toArray();
        int[] lengths = batch.stream().mapToInt(row -> row.length).toArray();
        try (PointerScope _ = new PointerScope()) {
            LlamaForward forward = model.forward();
            Tensor hidden =
                    forward.hidden(
                            Tensor.create(ids, ids.length, 1),
                            Precision.FP32,
                            cache.together(lengths, forward));
            float[][] logits = logits(hidden, ids.length);
            for (int i = 0; i < logits.length; i++) {
                batch.get(i).length++;
                choose(batch.get(i), logits[i]);
            }
        }
        return true;
    }

    private float[][] logits(Tensor hidden, int rows) {
        Tensor all = model.forward().output(hidden, Precision.FP32);
        int width = model.config().vocabularySize();
        float[][] numbers = new float[rows][vocabulary];
        TensorMemory.read(
                all,
                memory -> {
                    for (int i = 0; i < rows; i++) {
                        MemorySegment.copy(
                                memory,
                                ValueLayout.JAVA_FLOAT,
                                (long) i * width * Float.BYTES,
                                numbers[i],
                                0,
                                vocabulary);
                    }
                });
        return numbers;
    }

    private static void choose(Row row, float[] logits) {
        Continuation wanted = row.ongoing.continuation();
        row.next = row.chooser.choose(logits);
        row.produced++;
        boolean asked = wanted.logProbabilities() || wanted.alternatives() > 0;
        double logSum = asked ? LikelyToken.logSum(logits) : Double.NaN;
        row.ongoing.put(
                new Step.Token(
                        new LikelyToken(row.next, logits[row.next] - logSum),
                        LikelyToken.best(logits, wanted.alternatives(), logSum)));
    }

    /** Ends what is under way with {@link Reason#CLOSING}, and waits for the thread. */
    @Override
    public void close() {
        closing = true;
        thread.interrupt();
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException _) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
