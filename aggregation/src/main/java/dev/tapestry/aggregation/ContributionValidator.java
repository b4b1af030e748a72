package dev.tapestry.aggregation;

import dev.tapestry.aggregation.Validation.Sound;
import dev.tapestry.aggregation.Validation.Unsound;
import dev.tapestry.consortium.Finding;
import dev.tapestry.consortium.RoundInput.Refusal;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.TensorSpec;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
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
        double updateSquared = 0;
        double baseSquared = 0;
        for (TensorNorms norms : norms(base, contribution)) {
            if (!Double.isFinite(norms.updateSquared())) {
                return notFinite(
                        norms.spec(),
                        base.data(norms.spec().name()),
                        MemberTensor.of(contribution, norms.spec().name()));
            }
            updateSquared += norms.updateSquared();
            baseSquared += norms.baseSquared();
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
    private record TensorNorms(TensorSpec spec, double updateSquared, double baseSquared) {}

    /** By tensor, in the order of names; all windows at once, for a small tensor has only one. */
    private List<TensorNorms> norms(ModelDirectory base, ModelDirectory contribution) {
        Kernels kernels = Kernels.suitedTo(base.bytes() / Float.BYTES);
        List<TensorSpec> specs = List.copyOf(base.tensors().values());
        List<Window> windows = Window.of(specs);
        double[] updateSquared = new double[windows.size()];
        double[] baseSquared = new double[windows.size()];
        workers.each(
                windows.size(),
                () -> new Chunk(1),
                (chunk, index) -> {
                    Window window = windows.get(index);
                    String name = specs.get(window.tensor()).name();
                    MemorySegment values = base.data(name);
                    MemberTensor member = MemberTensor.of(contribution, name);
                    float[] lanes = new float[2 * Kernels.LANES];
                    for (int done = 0; done < window.count(); done += Kernels.CHUNK) {
                        int count = Math.min(Kernels.CHUNK, window.count() - done);
                        chunk.moveTo(
                                kernels, values, List.of(member), window.first() + done, count);
                        kernels.measure(chunk, 0, lanes);
                        updateSquared[index] += chunk.squaredUpdate(0, lanes, 0);
                        baseSquared[index] += chunk.squaredBase(lanes, Kernels.LANES);
                    }
                    PassedPages.release(
                            values,
                            window.first() * Float.BYTES,
                            (long) window.count() * Float.BYTES);
                    member.release(window.first(), window.count());
                });
        for (TensorSpec spec : specs) {
            MemberTensor.of(base, spec.name()).release(0, spec.elements());
            MemberTensor.of(contribution, spec.name()).release(0, spec.elements());
        }
        double[] updates = new double[specs.size()];
        double[] bases = new double[specs.size()];
        for (int index = 0; index < windows.size(); index++) {
            updates[windows.get(index).tensor()] += updateSquared[index];
            bases[windows.get(index).tensor()] += baseSquared[index];
        }
        List<TensorNorms> norms = new ArrayList<>();
        for (int tensor = 0; tensor < specs.size(); tensor++) {
            norms.add(new TensorNorms(specs.get(tensor), updates[tensor], bases[tensor]));
        }
        return norms;
    }

    /**
     * Finds the value that made the norm infinite. The difference of two finite floats can be
     * infinite too: then the update is too large, though every value is a number.
     */
    private static Validation notFinite(TensorSpec spec, MemorySegment base, MemberTensor member) {
        Chunk chunk = new Chunk(1);
        Kernels kernels = new ScalarKernels();
        for (long first = 0; first < spec.elements(); first += Kernels.CHUNK) {
            int count = (int) Math.min(Kernels.CHUNK, spec.elements() - first);
            chunk.moveTo(kernels, base, List.of(member), first, count);
            for (int i = 0; i < count; i++) {
                float value = chunk.value(0, i);
                if (!Float.isFinite(value)) {
                    return unsound(
                            Finding.NON_FINITE,
                            "tensor '%s' holds %s at index %d; look at the training's loss and gradient norm"
                                    .formatted(spec.name(), value, first + i));
                }
                if (!Float.isFinite(chunk.update(0, i))) {
                    return unsound(
                            Finding.UPDATE_TOO_LARGE,
                            "tensor '%s' holds %s at index %d, too far from the base to subtract"
                                    .formatted(spec.name(), value, first + i));
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
