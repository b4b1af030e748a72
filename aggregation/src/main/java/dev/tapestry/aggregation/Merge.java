package dev.tapestry.aggregation;

import dev.tapestry.consortium.MergeRule;
import dev.tapestry.weights.PartSums;
import dev.tapestry.weights.SafetensorsFile;
import dev.tapestry.weights.TensorSpec;
import dev.tapestry.weights.WeightsException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.ToLongFunction;

/**
 * Merges contributions into a candidate base, shard by shard.
 *
 * <p>With Δₘ = θ − θₘ the order's rule makes one Δ of all Δₘ, and the outer optimiser moves θ by
 * it; see {@link MergeRule}. Everything is summed in the order of member ids, in fixed pieces, so
 * that the same order gives the same bytes with any number of threads and on any machine. Rules
 * that clip, or look at distances between updates, read all files once more before ({@link
 * Survey}).
 *
 * <p>Memory does not grow with the models: files are mapped and their pages handed back window by
 * window.
 */
public final class Merge {

    private final Kernels kernels;
    private final Workers workers;
    private Duration arithmetic = Duration.ZERO;
    private Duration flushing = Duration.ZERO;
    private MergeCount count = MergeCount.unheard();

    Merge(Kernels kernels, int threads) {
        this.kernels = kernels;
        this.workers = new Workers(threads);
    }

    /** Merges with as many threads as the machine has processors. */
    public static MergeOutcome run(MergeOrder order, Path candidate) {
        return run(order, candidate, Runtime.getRuntime().availableProcessors());
    }

    /**
     * Merges into the directory {@code candidate}, which appears in one step when all is done. A
     * merge that was killed goes on with the shards that it lacks when it is run again; a finished
     * one returns its outcome without doing anything.
     *
     * @param candidate a directory that does not exist yet, in one that does; the outer state goes
     *     beside it
     * @throws AggregationException if the order's models do not fit, or the disk refuses
     */
    public static MergeOutcome run(MergeOrder order, Path candidate, int threads) {
        return run(order, candidate, threads, new PartSums(), _ -> {});
    }

    /**
     * The same, and says how far it is.
     *
     * @param sums learns the checksums of the outer state's parts
     * @param headway hears it for each MiB, on the threads that merge, so it must return at once
     */
    public static MergeOutcome run(
            MergeOrder order,
            Path candidate,
            int threads,
            PartSums sums,
            Consumer<MergeHeadway> headway) {
        long elements = order.base().bytes() / Float.BYTES * order.contributions().size();
        return new Merge(Kernels.suitedTo(elements), threads).into(order, candidate, sums, headway);
    }

    MergeOutcome into(MergeOrder order, Path candidate) {
        return into(order, candidate, new PartSums(), _ -> {});
    }

    private MergeOutcome into(
            MergeOrder order, Path candidate, PartSums sums, Consumer<MergeHeadway> headway) {
        count = new MergeCount(headway, order.base().layout().size());
        MergeFolder folder = new MergeFolder(candidate);
        try (MergeInputs inputs = MergeInputs.open(order)) {
            Optional<MergeJournal> finished = folder.finished(order);
            if (finished.isPresent()) {
                Optional<OuterState> state =
                        finished.get()
                                .state()
                                .map(digest -> OuterState.in(folder.beside(), digest));
                return outcome(order, folder, finished.get(), state);
            }
            MergeJournal journal = folder.begin(order);
            Set<String> written = written(order, folder, journal);
            if (written.size() < order.base().layout().size()) {
                writeShards(inputs, folder, journal, written);
            }
            StateNotes notes = RoundStatistics.notes(order, sums(order, journal));
            Optional<OuterState> state = folder.publish(order, journal, notes, sums);
            return outcome(order, folder, journal, state);
        } catch (IOException e) {
            throw new AggregationException(
                    AggregationException.Code.IO,
                    "the merge into " + candidate + " stopped, run it again to go on: " + e,
                    e);
        }
    }

    /** The shards that an interrupted merge has left whole. */
    private Set<String> written(MergeOrder order, MergeFolder folder, MergeJournal journal) {
        count.begin(MergeHeadway.Step.CHECKING, 0, 0);
        Set<String> written = new HashSet<>();
        int number = 0;
        for (var shard : order.base().layout().entrySet()) {
            count.shard(++number);
            if (isWritten(order, folder, journal, shard)) {
                written.add(shard.getKey());
            }
        }
        return written;
    }

    private void writeShards(
            MergeInputs inputs, MergeFolder folder, MergeJournal journal, Set<String> written)
            throws IOException {
        long begun = System.nanoTime();
        Composition composition = Composition.of(inputs, kernels, workers, count);
        arithmetic = arithmetic.plusNanos(System.nanoTime() - begun);
        var shards = inputs.order().base().layout();
        ToLongFunction<String> work =
                shard ->
                        shards.getOrDefault(shard, List.of()).stream()
                                .mapToLong(spec -> spec.elements() * composition.passes(spec))
                                .sum();
        count.begin(
                MergeHeadway.Step.MERGING,
                written.stream().mapToLong(work).sum(),
                shards.keySet().stream().mapToLong(work).sum());
        int number = 0;
        for (var shard : shards.entrySet()) {
            count.shard(++number);
            if (!written.contains(shard.getKey())) {
                write(inputs, composition, folder, journal, shard.getKey(), shard.getValue());
            }
        }
    }

    private void write(
            MergeInputs inputs,
            Composition composition,
            MergeFolder folder,
            MergeJournal journal,
            String shard,
            List<TensorSpec> specs)
            throws IOException {
        MergeOrder order = inputs.order();
        OuterStep step = OuterStep.of(order.rule().outer(), order.state());
        List<TensorMerge> tensors = specs.stream().map(inputs::tensor).toList();
        long begun = System.nanoTime();
        try (ShardWriters files = new ShardWriters(folder, shard, specs, order.buffers())) {
            ShardMerge.Result result =
                    new ShardMerge(
                                    kernels,
                                    workers,
                                    composition,
                                    step,
                                    inputs.weights(),
                                    tensors,
                                    count)
                            .into(files.sinks());
            long merged = System.nanoTime();
            files.commit();
            journal.addShard(shard, result);
            arithmetic = arithmetic.plusNanos(merged - begun);
            flushing = flushing.plusNanos(System.nanoTime() - merged);
        }
    }

    /** Whether an interrupted merge has left this shard whole. */
    private boolean isWritten(
            MergeOrder order,
            MergeFolder folder,
            MergeJournal journal,
            Map.Entry<String, List<TensorSpec>> shard) {
        Optional<ShardMerge.Result> sealed = journal.shard(shard.getKey());
        if (sealed.isEmpty()) {
            return false;
        }
        List<Path> paths = new ArrayList<>();
        paths.add(folder.candidate().resolve(shard.getKey()));
        order.buffers().forEach(buffer -> paths.add(folder.buffer(buffer).resolve(shard.getKey())));
        List<TensorSpec> specs = shard.getValue();
        List<SafetensorsFile> files = new ArrayList<>();
        try {
            for (Path path : paths) {
                if (!Files.exists(path)) {
                    return false;
                }
                SafetensorsFile written = SafetensorsFile.open(path);
                files.add(written);
                if (!List.copyOf(written.tensors().values()).equals(specs)) {
                    return false;
                }
            }
            return Seals.ofWritten(workers, specs, files) == sealed.get().seal();
        } catch (WeightsException damaged) {
            return false;
        } finally {
            files.forEach(SafetensorsFile::close);
        }
    }

    private static MergeSums sums(MergeOrder order, MergeJournal journal) {
        MergeSums sums = new MergeSums(order.contributions().size());
        for (String shard : order.base().layout().keySet()) {
            journal.shard(shard).ifPresent(result -> sums.add(result.sums()));
        }
        return sums;
    }

    private MergeOutcome outcome(
            MergeOrder order,
            MergeFolder folder,
            MergeJournal journal,
            Optional<OuterState> state) {
        RoundStatistics statistics = RoundStatistics.of(order, sums(order, journal));
        return new MergeOutcome(folder.target(), state, statistics, arithmetic, flushing);
    }
}
