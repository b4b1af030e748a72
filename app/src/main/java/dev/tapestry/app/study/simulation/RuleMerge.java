package dev.tapestry.app.study.simulation;

import dev.tapestry.aggregation.MergeOrder;
import dev.tapestry.aggregation.WeightedContribution;
import dev.tapestry.app.study.simulation.RuleException.Code;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.weights.Manifests;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.ModelDirectoryWriter;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Puts a researcher's rule in the place of an aggregator: its Δ is written as the weights θ − Δ of
 * one contribution, which the real merge then takes alone, so that any outer optimiser works.
 * Written in F32, Δ has the precision of the weights, as every member's update has.
 *
 * <p>Memory: one tensor of every member.
 */
final class RuleMerge {

    private static final ValueLayout.OfFloat F32 =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final MemberId EVERYBODY = new MemberId("everybody");

    private RuleMerge() {}

    /**
     * The order with one contribution in the place of all.
     *
     * @param target where its weights go
     * @return an order whose contribution the caller closes
     */
    static MergeOrder combined(ExperimentalRule rule, MergeOrder order, Path target) {
        ModelDirectory base = order.base();
        double[] weights =
                order.contributions().values().stream()
                        .mapToDouble(WeightedContribution::weight)
                        .toArray();
        try (ModelDirectoryWriter writer = ModelDirectoryWriter.createLike(base, target)) {
            for (String tensor : base.tensors().keySet()) {
                float[] theta = values(base, tensor);
                List<float[]> updates = new ArrayList<>();
                for (WeightedContribution contribution : order.contributions().values()) {
                    updates.add(minus(theta, values(contribution.model(), tensor)));
                }
                float[] merged = combine(rule, tensor, updates, weights.clone(), theta.length);
                MemorySegment into = writer.data(tensor);
                for (int i = 0; i < theta.length; i++) {
                    into.setAtIndex(F32, i, theta[i] - merged[i]);
                }
            }
            writer.commit();
        }
        Digest digest = CanonicalJson.digest(Manifests.of(target));
        WeightedContribution one = new WeightedContribution(ModelDirectory.open(target), digest, 1);
        return MergeOrder.of(
                base, order.baseDigest(), Map.of(EVERYBODY, one), order.rule(), order.state());
    }

    private static float[] combine(
            ExperimentalRule rule,
            String tensor,
            List<float[]> updates,
            double[] weights,
            int elements) {
        String name = rule.getClass().getName();
        float[] merged;
        try {
            merged = rule.combine(tensor, updates, weights);
        } catch (RuntimeException e) {
            throw new RuleException(
                    Code.WRONG_UPDATE,
                    "the rule %s failed at the tensor %s: %s (%s)"
                            .formatted(name, tensor, e, place(e, name)),
                    e);
        }
        int given = Objects.isNull(merged) ? 0 : merged.length;
        if (given != elements) {
            throw new RuleException(
                    Code.WRONG_UPDATE,
                    "the rule %s gave %d elements for the tensor %s, which has %d"
                            .formatted(name, given, tensor, elements),
                    null);
        }
        for (int i = 0; i < elements; i++) {
            if (!Float.isFinite(merged[i])) {
                throw new RuleException(
                        Code.WRONG_UPDATE,
                        "the rule %s gave %s at index %d of the tensor %s"
                                .formatted(name, merged[i], i, tensor),
                        null);
            }
        }
        return merged;
    }

    /** The line of the rule's own file, for whoever wrote it. */
    private static String place(RuntimeException failure, String rule) {
        for (StackTraceElement at : failure.getStackTrace()) {
            if (at.getClassName().startsWith(rule)) {
                return at.getFileName() + ":" + at.getLineNumber();
            }
        }
        return "outside its file";
    }

    private static float[] minus(float[] theta, float[] trained) {
        for (int i = 0; i < trained.length; i++) {
            trained[i] = theta[i] - trained[i];
        }
        return trained;
    }

    private static float[] values(ModelDirectory model, String tensor) {
        MemorySegment data = model.data(tensor);
        float[] values = new float[Math.toIntExact(data.byteSize() / Float.BYTES)];
        MemorySegment.copy(data, F32, 0, values, 0, values.length);
        return values;
    }
}
