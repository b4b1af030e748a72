package dev.tapestry.training;

import dev.tapestry.training.TrainingException.Code;
import java.util.Comparator;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/** Chooses tokens by their logits; one for each text, since it advances its random numbers. */
final class TokenChooser {

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
        int likeliest = likeliest(logits);
        if (considered(logits.length) == 1) {
            return likeliest;
        }
        int[] candidates =
                IntStream.range(0, logits.length)
                        .boxed()
                        .sorted(Comparator.comparingDouble((Integer id) -> -logits[id]))
                        .limit(considered(logits.length))
                        .mapToInt(Integer::intValue)
                        .toArray();
        double[] weights = new double[candidates.length];
        double total = 0;
        for (int i = 0; i < weights.length; i++) {
            weights[i] =
                    Math.exp(
                            (logits[candidates[i]] - logits[candidates[0]])
                                    / sampling.temperature());
            total += weights[i];
        }
        double left = random.nextDouble() * total;
        for (int i = 0; i < weights.length; i++) {
            left -= weights[i];
            if (left < 0) {
                return candidates[i];
            }
        }
        return candidates[0];
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

    private int considered(int vocabularySize) {
        if (sampling.temperature() == 0) {
            return 1;
        }
        return sampling.topK() == 0 ? vocabularySize : Math.min(sampling.topK(), vocabularySize);
    }
}
