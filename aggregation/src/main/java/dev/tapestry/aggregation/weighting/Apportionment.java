package dev.tapestry.aggregation.weighting;

import dev.tapestry.consortium.Charter;
import dev.tapestry.consortium.Contribution;
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
     * What a contribution was trained on.
     *
     * @param tokens 0 or more
     * @param steps in which; at least 1 where there are tokens
     * @param discount by which its claim is multiplied, in (0, 1]: less than 1 for what comes late
     */
    record Trained(long tokens, long steps, double discount) {

        /** A contribution that is in time. */
        public Trained(long tokens, long steps) {
            this(tokens, steps, 1);
        }

        public Trained {
            if (!(discount > 0 && discount <= 1)) {
                throw new IllegalArgumentException("a discount is in (0, 1], not " + discount);
            }
            if (tokens < 0 || steps < 0 || (tokens > 0 && steps == 0)) {
                throw new IllegalArgumentException(
                        "nobody trains on %d tokens in %d steps".formatted(tokens, steps));
            }
        }
    }

    /** The weights of admitted contributions, by the charter's weighting and influence cap. */
    static Apportionment of(Charter charter, Map<MemberId, Contribution> admitted) {
        Map<MemberId, Trained> trained = new TreeMap<>();
        // A log without steps is of a charter whose weighting does not ask for them.
        admitted.forEach((member, contribution) ->
                trained.put(
                        member,
                        new Trained(
                                contribution.tokens(),
                                contribution.steps().orElse(1),
                                discount(charter, contribution))));
        return of(charter.weighting(), new InfluenceCap(charter.influenceCap()), trained);
    }

    private static double discount(Charter charter, Contribution contribution) {
        return contribution
                .late()
                .flatMap(late -> charter.late().map(rule -> rule.weight(late.staleness())))
                .orElse(1.0);
    }

    /**
     * The weights of contributions by what they were trained on, none above the cap. Contributions
     * below the charter's quality floor are not among them: they were never admitted.
     *
     * @param trained what each member's contribution was trained on
     * @return a refusal if nobody has any weight, or if the cap is too low for so few members
     */
    static Apportionment of(Weighting weighting, InfluenceCap cap, Map<MemberId, Trained> trained) {
        SequencedMap<MemberId, Double> claims = new TreeMap<>();
        double total = 0;
        for (var entry : new TreeMap<>(trained).entrySet()) {
            double claim = claim(weighting, entry.getValue()) * entry.getValue().discount();
            claims.put(entry.getKey(), claim);
            total += claim;
        }
        if (total == 0) {
            return new Refused(
                    "none of the %d contributions has any weight under the weighting %s: without tokens there is nothing to merge"
                            .formatted(trained.size(), weighting));
        }
        double sum = total;
        claims.replaceAll((_, claim) -> claim / sum);
        return cap.limit(new Apportioned(claims));
    }

    private static double claim(Weighting weighting, Trained trained) {
        double tokens = trained.tokens();
        return switch (weighting) {
            case EQUAL -> 1;
            case TOKENS -> tokens;
            case TOKENS_SQUARED_PER_STEP -> tokens == 0 ? 0 : tokens * tokens / trained.steps();
        };
    }
}
