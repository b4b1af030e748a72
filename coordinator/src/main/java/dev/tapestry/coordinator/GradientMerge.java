package dev.tapestry.coordinator;

import dev.tapestry.aggregation.Merge;
import dev.tapestry.aggregation.MergeOrder;
import dev.tapestry.aggregation.WeightedContribution;
import dev.tapestry.consortium.CodecName;
import dev.tapestry.consortium.CodedFile;
import dev.tapestry.consortium.Contribution;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.ModelDirectoryWriter;
import dev.tapestry.weights.codec.Codec;
import dev.tapestry.weights.codec.CodedUpdate;
import dev.tapestry.weights.codec.Feedback;
import dev.tapestry.weights.codec.Update;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.TreeMap;

/**
 * The mean of the members' mean gradients, by the round's rule and weights, coded as they are: what
 * all members correct their gradients by in the next round.
 *
 * <p>Each is coded by itself: what a codec loses in one round is not carried into the next.
 */
final class GradientMerge {

    private final RoundRecord round;
    private final ContributionStore contributions;
    private final Path folder;
    private final int threads;

    /** Works in {@code folder}, which exists; what an earlier run left there of it is replaced. */
    GradientMerge(RoundRecord round, ContributionStore contributions, Path folder, int threads) {
        this.round = round;
        this.contributions = contributions;
        this.folder = folder.resolve("gradients");
        this.threads = threads;
    }

    /**
     * Merges; the same inputs give the same bytes.
     *
     * @param base whose tensors the gradients are of
     * @return a directory with the coded mean and nothing else
     */
    Path run(CodecName codec, SequencedMap<MemberId, Double> weights, ModelDirectory base) {
        FileTrees.delete(folder);
        FileTrees.create(folder);
        Path zero = folder.resolve("zero");
        try (ModelDirectoryWriter writer = ModelDirectoryWriter.createLike(base, zero)) {
            writer.commit();
        }
        Map<MemberId, WeightedContribution> opened = new TreeMap<>();
        try (ModelDirectory nothing = ModelDirectory.open(zero)) {
            weights.forEach((member, weight) -> opened.put(member, decoded(member, weight, base)));
            Path mean =
                    Merge.run(
                                    MergeOrder.of(
                                            nothing,
                                            round.plan().base(),
                                            opened,
                                            round.plan().merge().ofGradients(),
                                            Optional.empty()),
                                    folder.resolve("mean"),
                                    threads)
                            .candidate();
            return coded(codec, mean);
        } finally {
            opened.values().forEach(gradient -> gradient.model().close());
        }
    }

    private WeightedContribution decoded(MemberId member, double weight, ModelDirectory base) {
        Contribution contribution = round.admitted().get(member);
        Path file =
                contribution == null
                        ? folder
                        : ContributionStore.gradient(
                                contributions.folder(round.number(), contribution));
        if (contribution == null || !Files.isRegularFile(file)) {
            throw MergeWork.notKept(round, "the mean gradient of " + member);
        }
        Path target = folder.resolve("of-" + member);
        CodedUpdate.decode(file, base, target, threads);
        return new WeightedContribution(
                ModelDirectory.open(target), contribution.envelope(), weight);
    }

    private Path coded(CodecName codec, Path mean) {
        Path target = folder.resolve("coded");
        FileTrees.create(target);
        try (ModelDirectory gradient = ModelDirectory.open(mean)) {
            CodedUpdate.encode(
                    Codec.named(codec.value()),
                    Update.of(gradient),
                    Feedback.none(),
                    target.resolve(CodedFile.GRADIENT),
                    threads);
        }
        return target;
    }
}
