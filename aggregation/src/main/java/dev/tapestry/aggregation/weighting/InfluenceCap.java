package dev.tapestry.aggregation.weighting;

import dev.tapestry.aggregation.weighting.Apportionment.Apportioned;
import dev.tapestry.aggregation.weighting.Apportionment.Refused;
import dev.tapestry.consortium.MemberId;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;

/**
 * The most weight that one member can have in a merge, so that nobody captures the shared base.
 *
 * @param most above 0, at most 1
 */
public record InfluenceCap(double most) {

    public InfluenceCap {
        if (!(most > 0 && most <= 1)) {
            throw new IllegalArgumentException(
                    "an influence cap is above 0 and at most 1, not " + most);
        }
    }

    /** No cap: one member may be the whole merge. */
    public static InfluenceCap none() {
        return new InfluenceCap(1);
    }

    /**
     * Lowers weights above the cap to the cap and raises the others in proportion (water-filling):
     * w′ = min(cap, λ·w) with the one λ for which the weights sum to 1. A weight of zero stays
     * zero.
     *
     * <p>Members are capped from the heaviest down; λ = (1 − cap·k) ÷ (sum of the uncapped) after k
     * of them, until the next fits under the cap.
     *
     * @return a refusal if the cap is below 1 ÷ (members with weight), for then no weights sum to 1
     */
    public Apportionment limit(Apportioned apportioned) {
        List<Map.Entry<MemberId, Double>> heaviestFirst =
                apportioned.weights().entrySet().stream()
                        .filter(entry -> entry.getValue() > 0)
                        .sorted(
                                Comparator.comparing(Map.Entry<MemberId, Double>::getValue)
                                        .reversed()
                                        .thenComparing(Map.Entry::getKey))
                        .toList();
        int members = heaviestFirst.size();
        if (most < 1.0 / members) {
            return new Refused(
                    "an influence cap of %s cannot be kept by %d members with weight: it would have to be at least 1/%d; raise the cap or wait for more members"
                            .formatted(most, members, members));
        }
        int capped = 0;
        double lambda = 1;
        while (capped < members) {
            double uncapped =
                    heaviestFirst.subList(capped, members).stream()
                            .mapToDouble(Map.Entry::getValue)
                            .reduce(0, Double::sum);
            lambda = (1 - most * capped) / uncapped;
            if (lambda * heaviestFirst.get(capped).getValue() <= most) {
                break;
            }
            capped++;
        }
        double level = lambda;
        SequencedMap<MemberId, Double> limited = new TreeMap<>(apportioned.weights());
        limited.replaceAll((_, weight) -> Math.min(most, level * weight));
        return new Apportioned(limited);
    }
}
