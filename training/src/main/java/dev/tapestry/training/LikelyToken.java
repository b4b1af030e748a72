package dev.tapestry.training;

import java.util.ArrayList;
import java.util.List;

/**
 * A token and how likely the model holds it to be, before temperature and bounds.
 *
 * @param id of the vocabulary
 * @param logProbability natural logarithm, at most 0
 */
public record LikelyToken(int id, double logProbability) {

    /** The likeliest {@code count} tokens by logits {@code [vocab]}, the likeliest first. */
    static List<LikelyToken> best(float[] logits, int count, double logSum) {
        List<Integer> best = new ArrayList<>();
        for (int id = 0; id < logits.length && count > 0; id++) {
            if (best.size() == count && logits[id] <= logits[best.getLast()]) {
                continue;
            }
            int at = best.size();
            while (at > 0 && logits[best.get(at - 1)] < logits[id]) {
                at--;
            }
            best.add(at, id);
            if (best.size() > count) {
                best.removeLast();
            }
        }
        return best.stream().map(id -> new LikelyToken(id, logits[id] - logSum)).toList();
    }

    /** log Σ exp, stable. */
    static double logSum(float[] logits) {
        double highest = Double.NEGATIVE_INFINITY;
        for (float logit : logits) {
            highest = Math.max(highest, logit);
        }
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit - highest);
        }
        return highest + Math.log(sum);
    }
}
