package dev.tapestry.consortium;

import java.util.List;
import java.util.Optional;

/**
 * The outcome of a merge that is not yet the base.
 *
 * @param model digest of the merged model's manifest
 * @param momentum digest of the outer optimiser's state after the merge; empty where the rule has
 *     none
 * @param weights how much each contribution counted, by member; they sum to 1
 */
public record Candidate(Digest model, Optional<Digest> momentum, List<Weight> weights) {

    /**
     * How much one contribution counted.
     *
     * @param member who contributed
     * @param value 0 to 1
     */
    public record Weight(MemberId member, double value) {
        public Weight {
            if (!(value >= 0 && value <= 1)) {
                throw new IllegalArgumentException(
                        "the weight of %s is between 0 and 1, not %s".formatted(member, value));
            }
        }
    }

    public Candidate {
        weights = List.copyOf(weights);
    }
}
