package dev.tapestry.consortium;

import dev.tapestry.consortium.RoundState.Merging;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** A merge of names only: who counts how much, and what the result is called. */
final class FairMerge {

    private FairMerge() {}

    static Candidate of(Merging round, Charter charter) {
        SortedMap<MemberId, Double> weights = weights(round, charter);
        String name = "merge of " + round.plan().base() + weights;
        return new Candidate(
                Sample.digest(name),
                Optional.of(Sample.digest("momentum of " + name)),
                weights.entrySet().stream()
                        .map(e -> new Candidate.Weight(e.getKey(), e.getValue()))
                        .toList(),
                figures(round, weights));
    }

    /** As of updates that are orthogonal, or nearly. */
    private static MergeFigures figures(Merging round, SortedMap<MemberId, Double> weights) {
        double members = 0;
        for (Contribution contribution : round.admitted().values()) {
            double weight = weights.getOrDefault(contribution.member(), 0.0);
            members += weight * Math.pow(contribution.updateNorm(), 2);
        }
        return Sample.figures(0.5, Math.sqrt(0.5 * members));
    }

    /** Shares that sum to 1, where whatever lies above the cap is spread over the lighter ones. */
    private static SortedMap<MemberId, Double> weights(Merging round, Charter charter) {
        List<Contribution> heaviestFirst =
                round.admitted().values().stream()
                        .sorted(Comparator.comparingDouble(c -> -claim(c, charter)))
                        .toList();
        double claims = heaviestFirst.stream().mapToDouble(c -> claim(c, charter)).sum();
        double left = 1;
        SortedMap<MemberId, Double> weights = new TreeMap<>();
        for (Contribution contribution : heaviestFirst) {
            double claim = claim(contribution, charter);
            double weight = Math.min(charter.influenceCap(), left * claim / claims);
            weights.put(contribution.member(), weight);
            left -= weight;
            claims -= claim;
        }
        return weights;
    }

    private static double claim(Contribution contribution, Charter charter) {
        return switch (charter.weighting()) {
            case EQUAL -> 1;
            case TOKENS -> contribution.tokens();
            case TOKENS_SQUARED_PER_STEP ->
                    Math.pow((double) contribution.tokens(), 2)
                            / contribution.steps().orElseThrow();
        };
    }
}
