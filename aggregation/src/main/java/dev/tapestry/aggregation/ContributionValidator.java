package dev.tapestry.aggregation;

import dev.tapestry.aggregation.Validation.Sound;
import dev.tapestry.aggregation.Validation.Unsound;
import dev.tapestry.consortium.Finding;
import dev.tapestry.consortium.RoundInput.Refusal;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.TensorSpec;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/**
 * Looks at every value of a contribution before it can touch the base: schema, shapes, dtypes,
 * finite values, and the length of the update.
 *
 * <p>One pass over both models; memory is a constant. Safe for several threads.
 */
public final class ContributionValidator {

    private final Workers workers = new Workers(Runtime.getRuntime().availableProcessors());
    private final double maxRelativeUpdateNorm;

    /**
     * A validator by the charter's band, on as many threads as the machine has processors.
     *
     * @param maxRelativeUpdateNorm the largest ‖θ − θₘ‖ ÷ ‖θ‖ that is sound; above 0
     */
    public ContributionValidator(double maxRelativeUpdateNorm) {
        if (!(maxRelativeUpdateNorm > 0)) {
            throw new AggregationException(
                    AggregationException.Code.INVALID_ORDER,
                    "the largest relative update norm is above 0, not " + maxRelativeUpdateNorm);
        }
        this.maxRelativeUpdateNorm = maxRelativeUpdateNorm;
    }

    /**
     * Looks at all of {@code contribution}.
     *
     * @param base θ, all F32
     * @return the first finding in the order of tensor names, or sound
     */
    public Validation validate(ModelDirectory base, ModelDirectory contribution) {
        Optional<Refusal> schema = SchemaCheck.firstProblem(base, contribution);
        if (schema.isPresent()) {
            return new Unsound(schema.get());
        }
        Kernels kernels = Kernels.suitedTo(base.bytes() / Float.BYTES);
        double updateSquared = 0;
        double baseSquared = 0;
        for (TensorSpec spec : base.tensors().values()) {
            MemorySegment values = base.data(spec.name());
            MemberTensor member = MemberTensor.of(contribution, spec.name());
            double[] squared = squaredNorms(kernels, spec, values, member);
            if (!Double.isFinite(squared[0])) {
                return notFinite(kernels, spec, values, member);
            }
            updateSquared += squared[0];
            baseSquared += squared[1];
        }
        return judge(Math.sqrt(updateSquared), Math.sqrt(baseSquared));
    }

    private Validation judge(double updateNorm, double baseNorm) {
        if (updateNorm == 0) {
            return unsound(
                    Finding.UPDATE_IS_ZERO, "the weights equal the base: nothing was trained");
        }
        if (updateNorm > maxRelativeUpdateNorm * baseNorm) {
            return unsound(
                    Finding.UPDATE_TOO_LARGE,
                    "the update's norm %.6g is %.3g of the base's norm %.6g; the charter allows %s"
                            .formatted(
                                    updateNorm,
                                    updateNorm / baseNorm,
                                    baseNorm,
                                    maxRelativeUpdateNorm));
        }
        return new Sound(updateNorm, baseNorm);
    }

    /** ‖θ − θₘ‖² and ‖θ‖² of one tensor. */
    private double[] squaredNorms(
            Kernels kernels, TensorSpec spec, MemorySegment base, MemberTensor member) {
        List<Window> windows = Window.of(List.of(spec));
        double[][] parts = new double[windows.size()][];
        workers.each(
                parts.length,
                () -> new float[Kernels.CHUNK],
                (chunk, index) ->
                        parts[index] =
                                squaredNorms(kernels, windows.get(index), base, member, chunk));
        double[] total = new double[2];
        for (double[] part : parts) {
            total[0] += part[0];
            total[1] += part[1];
        }
        return total;
    }

    private static double[] squaredNorms(
            Kernels kernels,
            Window window,
            MemorySegment base,
            MemberTensor member,
            float[] chunk) {
        double[] squared = new double[2];
        long end = window.first() + window.count();
        for (long first = window.first(); first < end; first += Kernels.CHUNK) {
            int count = (int) Math.min(Kernels.CHUNK, end - first);
            member.update(kernels, base, first, chunk, count);
            squared[0] += kernels.dot(chunk, chunk, count);
            MemorySegment.copy(base, ScalarKernels.F32, first * Float.BYTES, chunk, 0, count);
            squared[1] += kernels.dot(chunk, chunk, count);
        }
        PassedPages.release(
                base, window.first() * Float.BYTES, (long) window.count() * Float.BYTES);
        member.release(window.first(), window.count());
        return squared;
    }

    /**
     * Finds the value that made the norm infinite. The difference of two finite floats can be
     * infinite too: then the update is too large, though every value is a number.
     */
    private static Validation notFinite(
            Kernels kernels, TensorSpec spec, MemorySegment base, MemberTensor member) {
        float[] update = new float[Kernels.CHUNK];
        float[] values = new float[Kernels.CHUNK];
        for (long first = 0; first < spec.elements(); first += Kernels.CHUNK) {
            int count = (int) Math.min(Kernels.CHUNK, spec.elements() - first);
            member.values(kernels, first, values, count);
            member.update(kernels, base, first, update, count);
            for (int i = 0; i < count; i++) {
                if (!Float.isFinite(values[i])) {
                    return unsound(
                            Finding.NON_FINITE,
                            "tensor '%s' holds %s at index %d; look at the training's loss and gradient norm"
                                    .formatted(spec.name(), values[i], first + i));
                }
                if (!Float.isFinite(update[i])) {
                    return unsound(
                            Finding.UPDATE_TOO_LARGE,
                            "tensor '%s' holds %s at index %d, too far from the base to subtract"
                                    .formatted(spec.name(), values[i], first + i));
                }
            }
        }
        throw new AggregationException(
                AggregationException.Code.IO,
                "tensor '" + spec.name() + "' changed while it was read; do not write to stores");
    }

    private static Validation unsound(Finding finding, String detail) {
        return new Unsound(new Refusal(finding, detail));
    }
}
