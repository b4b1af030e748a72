package dev.tapestry.coordinator;

import dev.tapestry.aggregation.GradientMean;
import dev.tapestry.consortium.CodecName;
import dev.tapestry.consortium.Contribution;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.weights.ModelDirectory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;

/** Merges the mean gradients of a round from the files in the coordinator's directory. */
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
        Path target = folder.resolve("coded");
        FileTrees.delete(folder);
        FileTrees.create(target);
        Map<MemberId, GradientMean.Weighted> gradients = new TreeMap<>();
        weights.forEach((member, weight) -> gradients.put(member, weighted(member, weight)));
        new GradientMean(base, round.plan().base(), round.plan().merge(), threads)
                .write(codec, gradients, folder, target);
        return target;
    }

    private GradientMean.Weighted weighted(MemberId member, double weight) {
        Contribution contribution = round.admitted().get(member);
        Path file =
                contribution == null
                        ? folder
                        : ContributionStore.gradient(
                                contributions.folder(round.number(), contribution));
        if (contribution == null || !Files.isRegularFile(file)) {
            throw MergeWork.notKept(round, "the mean gradient of " + member);
        }
        return new GradientMean.Weighted(file, contribution.envelope(), weight);
    }
}
