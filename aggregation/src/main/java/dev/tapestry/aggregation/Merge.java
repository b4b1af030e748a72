package dev.tapestry.aggregation;

import dev.tapestry.weights.SafetensorsFile;
import dev.tapestry.weights.SafetensorsWriter;
import dev.tapestry.weights.TensorSpec;
import dev.tapestry.weights.WeightsException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Merges contributions into a candidate base, shard by shard.
 *
 * <p>With Δₘ = θ − θₘ and Δ = Σ wₘ Δₘ (or the norm-preserving blend of them): b ← μ b + Δ; θ ← θ −
 * η (Δ + μ b), as DiLoCo does (arXiv 2311.08105). Everything is summed in the order of member ids,
 * in single precision and in fixed pieces, so that the same order gives the same bytes with any
 * number of threads and on any machine.
 *
 * <p>Memory does not grow with the models: files are mapped and their pages handed back window by
 * window.
 */
public final class Merge {

    private final Kernels kernels;
    private final Workers workers;
    private Duration arithmetic = Duration.ZERO;
    private Duration flushing = Duration.ZERO;

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
     * @param candidate a directory that does not exist yet, in one that does; the momentum goes
     *     beside it
     * @throws AggregationException if the order's models do not fit, or the disk refuses
     */
    public static MergeOutcome run(MergeOrder order, Path candidate, int threads) {
        long elements = order.base().bytes() / Float.BYTES * order.contributions().size();
        return new Merge(Kernels.suitedTo(elements), threads).into(order, candidate);
    }

    MergeOutcome into(MergeOrder order, Path candidate) {
        MergeFolder folder = new MergeFolder(candidate);
        try (MergeInputs inputs = MergeInputs.open(order)) {
            Optional<MergeJournal> finished = folder.finished(order);
            if (finished.isPresent()) {
                Optional<Momentum> momentum =
                        finished.get()
                                .momentum()
                                .map(digest -> Momentum.in(folder.beside(), digest));
                return outcome(order, folder, finished.get(), momentum);
            }
            MergeJournal journal = folder.begin(order);
            for (var shard : order.base().layout().entrySet()) {
                if (!isWritten(inputs, folder, journal, shard.getKey(), shard.getValue())) {
                    write(inputs, folder, journal, shard.getKey(), shard.getValue());
                }
            }
            Optional<Momentum> momentum = folder.publish(order, journal);
            return outcome(order, folder, journal, momentum);
        } catch (IOException e) {
            throw new AggregationException(
                    AggregationException.Code.IO,
                    "the merge into " + candidate + " stopped, run it again to go on: " + e,
                    e);
        }
    }

    private void write(
            MergeInputs inputs,
            MergeFolder folder,
            MergeJournal journal,
            String shard,
            List<TensorSpec> specs)
            throws IOException {
        long begun = System.nanoTime();
        Map<String, String> metadata = Map.of("format", "pt");
        try (SafetensorsWriter target =
                SafetensorsWriter.create(folder.candidate().resolve(shard), specs, metadata)) {
            ShardMerge.Result result;
            long merged;
            if (inputs.order().rule().momentum() > 0) {
                Path momentumShard = folder.momentum().resolve(shard);
                try (SafetensorsWriter momentum =
                        SafetensorsWriter.create(momentumShard, specs, metadata)) {
                    result =
                            shard(inputs, specs, target::write, Optional.of(momentum::write)).run();
                    merged = System.nanoTime();
                    momentum.commit();
                }
            } else {
                result = shard(inputs, specs, target::write, Optional.empty()).run();
                merged = System.nanoTime();
            }
            target.commit();
            journal.addShard(shard, result);
            arithmetic = arithmetic.plusNanos(merged - begun);
            flushing = flushing.plusNanos(System.nanoTime() - merged);
        }
    }

    /** Whether an interrupted merge has left this shard whole. */
    private boolean isWritten(
            MergeInputs inputs,
            MergeFolder folder,
            MergeJournal journal,
            String shard,
            List<TensorSpec> specs) {
        Optional<ShardMerge.Result> sealed = journal.shard(shard);
        Path candidate = folder.candidate().resolve(shard);
        Path momentum = folder.momentum().resolve(shard);
        boolean keepsMomentum = inputs.order().rule().momentum() > 0;
        if (sealed.isEmpty()
                || !Files.exists(candidate)
                || (keepsMomentum && !Files.exists(momentum))) {
            return false;
        }
        try (SafetensorsFile written = SafetensorsFile.open(candidate)) {
            if (!List.copyOf(written.tensors().values()).equals(specs)) {
                return false;
            }
            if (!keepsMomentum) {
                return Seals.ofWritten(workers, specs, List.of(written)) == sealed.get().seal();
            }
            try (SafetensorsFile writtenMomentum = SafetensorsFile.open(momentum)) {
                return List.copyOf(writtenMomentum.tensors().values()).equals(specs)
                        && Seals.ofWritten(workers, specs, List.of(written, writtenMomentum))
                                == sealed.get().seal();
            }
        } catch (WeightsException damaged) {
            return false;
        }
    }

    private ShardMerge shard(
            MergeInputs inputs,
            List<TensorSpec> specs,
            ShardSink target,
            Optional<ShardSink> momentum) {
        List<TensorMerge> tensors =
                specs.stream().map(spec -> inputs.tensor(spec, target, momentum)).toList();
        return new ShardMerge(kernels, workers, inputs.order().rule(), inputs.weights(), tensors);
    }

    private MergeOutcome outcome(
            MergeOrder order,
            MergeFolder folder,
            MergeJournal journal,
            Optional<Momentum> momentum) {
        MergeSums sums = new MergeSums(order.contributions().size());
        for (String shard : order.base().layout().keySet()) {
            journal.shard(shard).ifPresent(result -> sums.add(result.sums()));
        }
        return new MergeOutcome(
                folder.target(), momentum, RoundStatistics.of(order, sums), arithmetic, flushing);
    }
}
