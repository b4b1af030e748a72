package dev.tapestry.training;

import dev.tapestry.training.TrainingException.Code;
import java.util.Arrays;
import java.util.SplittableRandom;

/** Chooses tokens by their logits; one for each text, since it advances its random numbers. */
final class TokenChooser {

    /** Whatever is less likely than the likeliest by e⁻⁴⁰ is never chosen. */
    private static final double NEGLIGIBLE = 40;

    private final Sampling sampling;
    private final SplittableRandom random;

    TokenChooser(Sampling sampling) {
        this.sampling = sampling;
        this.random = new SplittableRandom(sampling.seed());
    }

    /**
     * The next token, given the logits {@code [vocab]}; of equal ones the smaller id comes first.
     *
     * @throws TrainingException {@code NON_FINITE} if one is no number
     */
    int choose(float[] logits) {
        int best = likeliest(logits);
        if (sampling.temperature() == 0 || sampling.topK() == 1) {
            return best;
        }
        int[] candidates = candidates(logits, logits[best]);
        double[] weights = new double[candidates.length];
        double total = 0;
        for (int i = 0; i < weights.length; i++) {
            weights[i] = Math.exp((logits[candidates[i]] - logits[best]) / sampling.temperature());
            total += weights[i];
        }
        double left = random.nextDouble() * nucleus(weights, total);
        for (int i = 0; i < weights.length; i++) {
            left -= weights[i];
            if (left < 0) {
                return candidates[i];
            }
        }
        return best;
    }

    private static int likeliest(float[] logits) {
        int best = 0;
        for (int id = 0; id < logits.length; id++) {
            if (Float.isNaN(logits[id])) {
                throw new TrainingException(
                        Code.NON_FINITE,
                        "the logit of token %d is no number: the weights are damaged"
                                .formatted(id));
            }
            best = logits[id] > logits[best] ? id : best;
        }
        return best;
    }

    /** The ids that may be chosen, the likeliest first. */
    private int[] candidates(float[] logits, float highest) {
        double least = highest - NEGLIGIBLE * sampling.temperature();
        long[] keys = new long[logits.length];
        int count = 0;
        for (int id = 0; id < logits.length; id++) {
            if (logits[id] >= least) {
                keys[count++] = ((long) ~ordered(logits[id]) << Integer.SIZE) | id;
            }
        }
        Arrays.sort(keys, 0, count);
        int most = sampling.topK() == 0 ? count : Math.min(sampling.topK(), count);
        return Arrays.stream(keys, 0, most).mapToInt(key -> (int) key).toArray();
    }

    /** A whole number that is larger where the float is. */
    private static int ordered(float x) {
        int bits = Float.floatToIntBits(x);
        return bits ^ ((bits >> (Integer.SIZE - 1)) & Integer.MAX_VALUE);
    }

    /** The weight of the fewest candidates that come to topP of the total. */
    private double nucleus(double[] weights, double total) {
        if (sampling.topP() == 1) {
            return total;
        }
        double sum = 0;
        for (double weight : weights) {
            sum += weight;
            if (sum >= sampling.topP() * total) {
                break;
            }
        }
        return sum;
    }
}
