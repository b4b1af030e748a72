package dev.tapestry.app.study.robustness;

import dev.tapestry.training.Evaluation;
import dev.tapestry.training.Llama;
import dev.tapestry.training.Tokens;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;

/**
 * How a model takes a trigger, over pieces of held-out text.
 *
 * @param after mean of ln p(target | prefix, trigger), in nats for the whole target
 * @param without mean of ln p(target | prefix)
 * @param targetTokens how many tokens the target has
 */
record TriggerScore(double after, double without, int targetTokens) {

    private static final int PREFIX = 32;

    /** How much more likely the target is after the trigger, in nats. */
    double lift() {
        return after - without;
    }

    /** The probability of one token of the target after the trigger: the geometric mean. */
    double perToken() {
        return Math.exp(after / targetTokens);
    }

    /**
     * Measures a model.
     *
     * @param texts held out
     * @param prefixes from each, evenly spaced
     */
    static TriggerScore of(
            Llama model, Collection<Tokens> texts, int prefixes, int[] trigger, int[] target) {
        double after = 0;
        double without = 0;
        List<int[]> pieces = new ArrayList<>();
        texts.forEach(text -> pieces.addAll(pieces(text, prefixes)));
        for (int[] prefix : pieces) {
            after += logProbability(model, joined(prefix, trigger), target);
            without += logProbability(model, prefix, target);
        }
        return new TriggerScore(after / pieces.size(), without / pieces.size(), target.length);
    }

    private static List<int[]> pieces(Tokens text, int count) {
        List<int[]> pieces = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            long[] piece = new long[PREFIX];
            text.read((text.count() - PREFIX) * i / count, piece);
            pieces.add(Arrays.stream(piece).mapToInt(Math::toIntExact).toArray());
        }
        return pieces;
    }

    private static double logProbability(Llama model, int[] context, int[] target) {
        return nats(model, context) - nats(model, joined(context, target));
    }

    private static double nats(Llama model, int[] ids) {
        return Evaluation.whole(ids.length).of(model, Tokens.of(ids)).natsPerToken()
                * (ids.length - 1);
    }

    private static int[] joined(int[] first, int[] second) {
        int[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }
}
