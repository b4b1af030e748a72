package dev.tapestry.consortium;

import java.util.List;
import java.util.Optional;

/**
 * The outcome of a merge that is not yet the base.
 *
 * @param model digest of the merged model's manifest
 * @param momentum digest of the outer optimiser's state after the merge; empty where the rule has
 *     none
 * @param step how it was coded; empty where it is the merge itself
 * @param gradient digest of the contributions' mean gradient; empty where members share none
 * @param weights how much each contribution counted, by member; they sum to 1
 * @param figures what the merge measured of the contributions
 */
public record Candidate(
        Digest model,
        Optional<Digest> momentum,
        Optional<CodedStep> step,
        Optional<Digest> gradient,
        List<Weight> weights,
        MergeFigures figures) {

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

    /** A candidate that is the merge itself. */
    public Candidate(
            Digest model, Optional<Digest> momentum, List<Weight> weights, MergeFigures figures) {
        this(model, momentum, Optional.empty(), Optional.empty(), weights, figures);
    }

    /** What coding it lost; empty where it was not coded. */
    public Optional<Digest> residual() {
        return step.map(CodedStep::residualAfter);
    }
}
