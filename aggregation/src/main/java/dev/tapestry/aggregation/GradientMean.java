package dev.tapestry.aggregation;

import dev.tapestry.consortium.CodecName;
import dev.tapestry.consortium.CodedFile;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.ModelDirectoryWriter;
import dev.tapestry.weights.codec.Codec;
import dev.tapestry.weights.codec.CodedUpdate;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The mean of the members' mean gradients, by a round's rule and weights, coded as they are: what
 * all members correct their gradients by in the next round.
 *
 * <p>Each is coded by itself: what a codec loses in one round is not carried into the next. The
 * same inputs give the same bytes.
 *
 * @param base whose tensors the gradients are of, all F32
 * @param baseDigest of its manifest
 * @param rule by which the members' updates are merged
 * @param threads how many work; the bytes do not depend on it
 */
public record GradientMean(ModelDirectory base, Digest baseDigest, MergeRule rule, int threads) {

    /**
     * A member's mean gradient.
     *
     * @param file coded
     * @param contribution digest of the contribution that it came with
     * @param weight 0 to 1
     */
    public record Weighted(Path file, Digest contribution, double weight) {}

    /**
     * Decodes, merges and codes.
     *
     * @param folder an existing one to work in, without models; what is left there may be deleted
     * @param target an existing empty folder, where the coded mean goes
     * @throws AggregationException if the rule cannot merge so many, or the disk refuses
     * @throws dev.tapestry.weights.WeightsException what {@link CodedUpdate#decode} and {@link
     *     CodedUpdate#encodeAfresh} refuse
     */
    public void write(
            CodecName codec, Map<MemberId, Weighted> gradients, Path folder, Path target) {
        Path zero = folder.resolve("zero");
        try (ModelDirectoryWriter writer = ModelDirectoryWriter.createLike(base, zero)) {
            writer.commit();
        }
        Map<MemberId, WeightedContribution> opened = new TreeMap<>();
        try (ModelDirectory nothing = ModelDirectory.open(zero)) {
            gradients.forEach((member, gradient) ->
                    opened.put(member, decoded(gradient, folder.resolve("of-" + member))));
            MergeOrder order =
                    MergeOrder.of(
                            nothing, baseDigest, opened, rule.ofGradients(), Optional.empty());
            Path mean = Merge.run(order, folder.resolve("mean"), threads).candidate();
            CodedUpdate.encodeAfresh(
                    Codec.named(codec.value()), mean, target.resolve(CodedFile.GRADIENT), threads);
        } finally {
            opened.values().forEach(gradient -> gradient.model().close());
        }
    }

    private WeightedContribution decoded(Weighted gradient, Path target) {
        CodedUpdate.decode(gradient.file(), base, target, threads);
        return new WeightedContribution(
                ModelDirectory.open(target), gradient.contribution(), gradient.weight());
    }
}
