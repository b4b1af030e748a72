package dev.tapestry.aggregation.weighting;

import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.Weighting;
import java.util.Collections;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;

/** The weights of a round's members, or the reason why there are none. */
public sealed interface Apportionment {

    /**
     * Weights that sum to 1 (within one unit in the last place for each member).
     *
     * @param weights of every member in the order of ids, each 0 to 1
     */
    record Apportioned(SequencedMap<MemberId, Double> weights) implements Apportionment {
        public Apportioned {
            weights = Collections.unmodifiableSequencedMap(new TreeMap<>(weights));
        }
    }

    /**
     * No weights satisfy the charter's rules.
     *
     * @param detail which rule, with which figures, and what would satisfy it
     */
    record Refused(String detail) implements Apportionment {}

    /**
     * The weights of contributions that were trained on so many tokens, none above the cap.
     * Contributions below the charter's quality floor are not among them: they were never admitted.
     *
     * @param tokens that each member's contribution was trained on, 0 or more
     * @return a refusal if nobody has any weight, or if the cap is too low for so few members
     */
    static Apportionment of(Weighting weighting, InfluenceCap cap, Map<MemberId, Long> tokens) {
        SequencedMap<MemberId, Double> claims = new TreeMap<>();
        double total = 0;
        for (var entry : new TreeMap<>(tokens).entrySet()) {
            double claim = claim(weighting, entry.getKey(), entry.getValue());
            claims.put(entry.getKey(), claim);
            total += claim;
        }
        if (total == 0) {
            return new Refused(
                    "none of the %d contributions has any weight under the weighting %s: without tokens there is nothing to merge"
                            .formatted(tokens.size(), weighting));
        }
        double sum = total;
        claims.replaceAll((_, claim) -> claim / sum);
        return cap.limit(new Apportioned(claims));
    }

    private static double claim(Weighting weighting, MemberId member, long tokens) {
        if (tokens < 0) {
            throw new IllegalArgumentException(
                    member + " cannot have trained on " + tokens + " tokens");
        }
        return switch (weighting) {
            case EQUAL -> 1;
            case TOKENS -> tokens;
        };
    }
}
