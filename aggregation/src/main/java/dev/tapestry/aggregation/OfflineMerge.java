package dev.tapestry.aggregation;

import dev.tapestry.weights.DType;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.ModelDirectoryWriter;
import dev.tapestry.weights.TensorSpec;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Merges models that were trained apart, tensor by tensor and window by window: memory is a
 * constant, whatever their size. Sums are in double precision in the order of the models, so that
 * the same models in the same order give the same bytes.
 */
public final class OfflineMerge {

    /** cos Ω from which spherical interpolation is linear, for sin Ω loses its digits. */
    private static final double PARALLEL = 0.9995;

    private final OfflineRule rule;
    private final ModelDirectory base;
    private final List<ModelDirectory> models;
    private final ModelWindows windows;

    private OfflineMerge(OfflineRule rule, ModelDirectory base, List<ModelDirectory> models) {
        this.rule = rule;
        this.base = base;
        this.models = models;
        this.windows = ModelWindows.of(base, models);
    }

    /**
     * Writes the merged model, all F32, with the base's configuration and tokenizer.
     *
     * @param models with the base's tensors, each F32 or BF16; two for spherical interpolation and
     *     for rebasing
     * @param target a directory that does not exist yet
     * @throws AggregationException {@code INVALID_ORDER}, {@code TENSORS_DIFFER} or {@code
     *     TARGET_EXISTS}
     */
    public static void run(
            OfflineRule rule, ModelDirectory base, List<ModelDirectory> models, Path target) {
        boolean pairs =
                switch (rule) {
                    case OfflineRule.Slerp _ -> true;
                    case OfflineRule.Rebase _ -> true;
                    case OfflineRule.Mean _ -> false;
                    case OfflineRule.Ties _ -> false;
                    case OfflineRule.Dare _ -> false;
                };
        int fewest = pairs ? 2 : 1;
        if (models.size() < fewest || (pairs && models.size() > 2)) {
            throw new AggregationException(
                    AggregationException.Code.INVALID_ORDER,
                    "%s merges %s, not %d"
                            .formatted(
                                    rule, pairs ? "2 models" : "1 model or more", models.size()));
        }
        if (Files.exists(target)) {
            throw new AggregationException(
                    AggregationException.Code.TARGET_EXISTS,
                    target + " exists; choose another place or remove it");
        }
        models.forEach(model -> requireFitting(base, model));
        new OfflineMerge(rule, base, models).into(target);
    }

    static void requireFitting(ModelDirectory base, ModelDirectory model) {
        SchemaCheck.firstProblem(base, model)
                .ifPresent(refusal -> {
                    throw new AggregationException(
                            AggregationException.Code.TENSORS_DIFFER,
                            model.path() + " does not fit the base: " + refusal.detail());
                });
    }

    private void into(Path target) {
        List<TensorSpec> specs =
                base.tensors().values().stream()
                        .map(spec -> new TensorSpec(spec.name(), DType.F32, spec.shape()))
                        .toList();
        try (ModelDirectoryWriter writer =
                ModelDirectoryWriter.create(
                        target, specs, ModelDirectoryWriter.DEFAULT_SHARD_BYTES)) {
            writer.copyFilesOf(base);
            for (TensorSpec spec : specs) {
                merge(spec, writer.data(spec.name()));
            }
            writer.commit();
        }
    }

    private void merge(TensorSpec spec, MemorySegment target) {
        OfflineStep step =
                switch (rule) {
                    case OfflineRule.Mean _ -> OfflineStep.mean(1);
                    case OfflineRule.Ties(double density, double scale) ->
                            OfflineStep.ties(thresholds(spec, density), scale);
                    case OfflineRule.Dare(double dropRate, double scale, long seed) ->
                            OfflineStep.dare(spec.name(), dropRate, scale, seed);
                    case OfflineRule.Slerp(double position) -> slerp(spec, position);
                    case OfflineRule.Rebase(double scale) -> OfflineStep.rebase(scale);
                };
        windows.each(
                spec,
                (window, before, theirs) -> {
                    float[] merged = new float[window.count()];
                    step.merge(window.first(), before, theirs, merged);
                    long at = window.first() * Float.BYTES;
                    MemorySegment.copy(merged, 0, target, ScalarKernels.F32, at, merged.length);
                    PassedPages.release(target, at, (long) merged.length * Float.BYTES);
                });
    }

    /** By model, how large an element of δₘ must be to stay. */
    private float[] thresholds(TensorSpec spec, double density) {
        List<Magnitudes> found = models.stream().map(_ -> new Magnitudes()).toList();
        long kept = Math.clamp(Math.round(density * spec.elements()), 1, spec.elements());
        windows.each(
                spec,
                (window, before, theirs) -> {
                    for (int m = 0; m < theirs.length; m++) {
                        found.get(m).count(before, theirs[m]);
                    }
                });
        found.forEach(magnitudes -> magnitudes.narrow(kept));
        windows.each(
                spec,
                (window, before, theirs) -> {
                    for (int m = 0; m < theirs.length; m++) {
                        found.get(m).countNarrowly(before, theirs[m]);
                    }
                });
        float[] thresholds = new float[found.size()];
        for (int m = 0; m < thresholds.length; m++) {
            thresholds[m] = found.get(m).threshold();
        }
        return thresholds;
    }

    private OfflineStep slerp(TensorSpec spec, double position) {
        double[][] parts = new double[ModelWindows.count(spec)][3];
        windows.each(
                spec,
                (window, before, theirs) -> {
                    double[] part = parts[ModelWindows.index(window)];
                    for (int i = 0; i < window.count(); i++) {
                        double x = theirs[0][i];
                        double y = theirs[1][i];
                        part[0] += x * x;
                        part[1] += y * y;
                        part[2] += x * y;
                    }
                });
        double[] sums = new double[3];
        for (double[] part : parts) {
            for (int i = 0; i < sums.length; i++) {
                sums[i] += part[i];
            }
        }
        double cosine = sums[2] / (Math.sqrt(sums[0]) * Math.sqrt(sums[1]));
        if (!(Math.abs(cosine) < PARALLEL)) {
            return OfflineStep.weighted(1 - position, position);
        }
        double angle = StrictMath.acos(cosine);
        return OfflineStep.weighted(
                StrictMath.sin((1 - position) * angle) / StrictMath.sin(angle),
                StrictMath.sin(position * angle) / StrictMath.sin(angle));
    }
}
