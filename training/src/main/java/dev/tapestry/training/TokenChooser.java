package dev.tapestry.training;

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
     */
    int choose(float[] logits) {
        int[] candidates =
                IntStream.range(0, logits.length)
                        .boxed()
                        .sorted(Comparator.comparingDouble((Integer id) -> -logits[id]))
                        .limit(considered(logits.length))
                        .mapToInt(Integer::intValue)
                        .toArray();
        if (candidates.length == 1) {
            return candidates[0];
        }
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

    private int considered(int vocabularySize) {
        if (sampling.temperature() == 0) {
            return 1;
        }
        return sampling.topK() == 0 ? vocabularySize : Math.min(sampling.topK(), vocabularySize);
    }
}
