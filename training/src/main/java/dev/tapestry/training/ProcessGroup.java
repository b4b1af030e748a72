package dev.tapestry.training;

import dev.tapestry.consortium.Digest;
import dev.tapestry.training.TrainingException.Code;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * Processes that train one model together, each on its share of every batch (data parallelism; Li
 * et al. 2020, arXiv:2006.15704). Each holds the whole model and takes the same steps.
 *
 * <p>All processes call the same methods in the same order: each waits for the others, at most for
 * the plan's timeout. What they tell each other is neither encrypted nor authenticated; it stays on
 * a machine, or in a network that the member trusts.
 *
 * <p>Belongs to one thread at a time.
 */
public abstract sealed class ProcessGroup implements AutoCloseable permits Alone, GlooGroup {

    /** A process by itself: nothing is waited for. */
    public static ProcessGroup alone() {
        return new Alone();
    }

    /**
     * Meets the others.
     *
     * @throws TrainingException {@code RENDEZVOUS} if they do not all come in time, or this thread
     *     is interrupted
     */
    public static ProcessGroup join(GroupPlan plan) {
        return plan.size() == 1 ? alone() : GlooGroup.meet(plan);
    }

    /** This process' number, from 0. */
    public abstract int rank();

    /** How many processes there are. */
    public abstract int size();

    /**
     * Tells the others why this process does no more; they then know it, instead of finding it
     * gone.
     */
    public abstract void leave(String reason);

    /**
     * Replaces the tensor by the sum over all processes: the same bits in each.
     *
     * @throws TrainingException {@code WORKER_LOST} if another process ended, or does not answer
     */
    abstract void sum(Tensor tensor);

    /** Whether this process writes what the group has trained. */
    public final boolean leads() {
        return rank() == 0;
    }

    /** The mean over all processes. */
    final double mean(double value) {
        return size() == 1
                ? value
                : Arrays.stream(gather(value)).mapToDouble(row -> row[0]).sum() / size();
    }

    /**
     * Refuses to go on unless all processes have the same digest.
     *
     * @param what it is of, and what to do about a difference
     * @throws TrainingException {@code WORKERS_DIFFER}
     */
    final void requireSame(Digest digest, String what) {
        byte[] bytes = digest.bytes();
        double[][] all =
                gather(IntStream.range(0, bytes.length).mapToDouble(i -> bytes[i]).toArray());
        String different =
                IntStream.range(1, size())
                        .filter(rank -> !Arrays.equals(all[rank], all[0]))
                        .mapToObj(Integer::toString)
                        .collect(Collectors.joining(", "));
        if (!different.isEmpty()) {
            throw new TrainingException(
                    Code.WORKERS_DIFFER,
                    "of %d processes rank %s and rank 0 differ in %s"
                            .formatted(size(), different, what));
        }
    }

    /** The values of all processes, by rank. */
    private double[][] gather(double... values) {
        try (PointerScope _ = new PointerScope()) {
            double[] slots = new double[size() * values.length];
            System.arraycopy(values, 0, slots, rank() * values.length, values.length);
            Tensor tensor = Tensor.create(slots);
            sum(tensor);
            double[] all = NativeTensors.memory(tensor).toArray(ValueLayout.JAVA_DOUBLE);
            return IntStream.range(0, size())
                    .mapToObj(rank ->
                            Arrays.copyOfRange(
                                    all, rank * values.length, (rank + 1) * values.length))
                    .toArray(double[][]::new);
        }
    }

    /** Leaves, if that has not been done, and releases connections. */
    @Override
    public abstract void close();
}
