package dev.tapestry.app.study;

import dev.tapestry.aggregation.Merge;
import dev.tapestry.aggregation.MergeOrder;
import dev.tapestry.aggregation.MergeOutcome;
import dev.tapestry.aggregation.OuterState;
import dev.tapestry.aggregation.WeightedContribution;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.weights.ModelDirectory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;

/**
 * A merge of a simulated consortium.
 *
 * @param folder of its own, in which its outcome is left
 * @param rule how contributions move the base
 */
record FolderMerge(Path folder, MergeRule rule) {

    /**
     * Merges into a new directory of the folder.
     *
     * @param contributions directories, by member
     * @param weight of each member; they sum to 1
     * @param state of the outer optimiser after the last merge
     * @param name of the directory
     */
    MergeOutcome run(
            Path base,
            Map<MemberId, Path> contributions,
            ToDoubleFunction<MemberId> weight,
            Optional<OuterState> state,
            String name) {
        SortedMap<MemberId, WeightedContribution> weighted = new TreeMap<>();
        try (ModelDirectory before = ModelDirectory.open(base)) {
            contributions.forEach((member, place) ->
                    weighted.put(
                            member,
                            new WeightedContribution(
                                    ModelDirectory.open(place),
                                    named(place),
                                    weight.applyAsDouble(member))));
            return Merge.run(
                    MergeOrder.of(before, named(base), weighted, rule, state),
                    folder.resolve(name),
                    1);
        } finally {
            weighted.values().forEach(contribution -> contribution.model().close());
        }
    }

    /**
     * Within a simulation a place stands for what lies there: as seen from the merge's folder, so
     * that another run draws the same lots.
     */
    private Digest named(Path place) {
        Path seen = folder.getFileName().resolve(folder.relativize(place));
        return Digest.of(seen.toString().getBytes(StandardCharsets.UTF_8));
    }
}
