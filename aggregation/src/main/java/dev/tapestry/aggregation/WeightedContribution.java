package dev.tapestry.aggregation;

import dev.tapestry.consortium.Digest;
import dev.tapestry.weights.ModelDirectory;

/**
 * One member's weights after its local training, and how much they count.
 *
 * @param model the member's whole weights θₘ: the base's tensors, each F32 or BF16
 * @param digest of the model's manifest, by which the merge is known again after a restart
 * @param weight wₘ, 0 to 1
 */
public record WeightedContribution(ModelDirectory model, Digest digest, double weight) {

    public WeightedContribution {
        if (!(weight >= 0 && weight <= 1)) {
            throw new AggregationException(
                    AggregationException.Code.INVALID_ORDER,
                    "a contribution's weight is 0 to 1, not " + weight);
        }
    }
}
