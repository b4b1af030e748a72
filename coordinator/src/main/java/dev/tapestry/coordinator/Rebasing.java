package dev.tapestry.coordinator;

import dev.tapestry.aggregation.OfflineMerge;
import dev.tapestry.aggregation.OfflineRule;
import dev.tapestry.aggregation.WeightedContribution;
import dev.tapestry.consortium.Contribution;
import dev.tapestry.consortium.Digest;
import dev.tapestry.weights.ModelDirectory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/**
 * Puts what late contributions have learnt on top of the base of the round that merges them: θ' +
 * (θₘ − θ), with θ the base that they were trained from. A merge then need not know of lateness.
 * The same files give the same bytes, so whoever verifies rebases again.
 */
final class Rebasing {

    private final ModelStore models;
    private final RoundRecord round;
    private final Path folder;

    /**
     * Rebases into a folder, where nothing is of use that an earlier process has left.
     *
     * @param folder need not exist
     */
    Rebasing(ModelStore models, RoundRecord round, Path folder) {
        this.models = models;
        this.round = round;
        this.folder = folder;
        clear();
    }

    /** Opens a contribution as the round merges it. */
    WeightedContribution weighted(Contribution contribution, Path weights, double weight) {
        Digest from = round.trainedBy(contribution).base();
        if (from.equals(round.plan().base())) {
            return new WeightedContribution(
                    ModelDirectory.open(weights), contribution.weights(), weight);
        }
        Path rebased = folder.resolve(contribution.member().value());
        FileTrees.create(folder);
        try (ModelDirectory origin = models.open(from);
                ModelDirectory trained = ModelDirectory.open(weights);
                ModelDirectory base = models.open(round.plan().base())) {
            OfflineMerge.run(new OfflineRule.Rebase(1), origin, List.of(trained, base), rebased);
        }
        return new WeightedContribution(
                ModelDirectory.open(rebased), named(contribution, from), weight);
    }

    private static Digest named(Contribution contribution, Digest from) {
        return Digest.of(
                "%s from %s"
                        .formatted(contribution.weights(), from)
                        .getBytes(StandardCharsets.UTF_8));
    }

    /** Deletes what was rebased. */
    void clear() {
        FileTrees.delete(folder);
    }
}
