package dev.tapestry.node.build;

import dev.tapestry.corpus.chat.ChatTokens;
import dev.tapestry.training.AnswerScoring;
import dev.tapestry.training.Comparisons;
import dev.tapestry.training.Llama;
import dev.tapestry.training.PreferenceLessons;
import dev.tapestry.training.PreferencePlan;
import dev.tapestry.training.ReferenceScores;
import dev.tapestry.training.TuningPlan;
import dev.tapestry.weights.ModelDirectory;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * What an alignment learns from, and how far a model is from what is held out: the mean of −log
 * σ(d), where d is by how many nats the model prefers the better answer more than the model before
 * did. For single answers d is by how many nats a good one has become more probable, or a bad one
 * less.
 */
final class Preferences {

    private final PreferenceLessons lessons;
    private final AnswerScoring scoring;
    private final Comparisons heldOut;
    private final double[] before;

    private Preferences(
            PreferenceLessons lessons,
            AnswerScoring scoring,
            Comparisons heldOut,
            double[] before) {
        this.lessons = lessons;
        this.scoring = scoring;
        this.heldOut = heldOut;
        this.before = before;
    }

    /**
     * Compares with the model that the stage begins with.
     *
     * @param cache where its scores of what is learnt are kept
     */
    static Preferences against(
            Path model,
            Path cache,
            TuningPlan plan,
            PreferencePlan loss,
            Comparisons train,
            Comparisons heldOut) {
        AnswerScoring scoring = AnswerScoring.of(plan.training());
        try (ModelDirectory directory = ModelDirectory.open(model);
                Llama reference = Llama.load(directory, plan.training().device())) {
            Optional<ReferenceScores> scores =
                    loss.needsReference()
                            ? Optional.of(
                                    ReferenceScores.cached(
                                            cache, reference, train, scoring, _ -> {}))
                            : Optional.empty();
            return new Preferences(
                    PreferenceLessons.of(train, loss, scores),
                    scoring,
                    heldOut,
                    sums(scoring, reference, heldOut));
        }
    }

    PreferenceLessons lessons() {
        return lessons;
    }

    double heldOutLoss(Llama model) {
        double[] now = sums(scoring, model, heldOut);
        double loss = 0;
        int text = 0;
        List<Comparisons.Unit> units = heldOut.units();
        for (Comparisons.Unit unit : units) {
            double first = now[text] - before[text];
            double second = now[text + 1] - before[text + 1];
            double distance =
                    switch (unit) {
                        case Comparisons.Pair _ -> first - second;
                        case Comparisons.Judged judged -> judged.desirable() ? first : -first;
                    };
            loss += Math.log1p(Math.exp(-Math.abs(distance))) + Math.max(0, -distance);
            text += unit.texts().size();
        }
        return loss / units.size();
    }

    /** Of each text's answer, the logarithm of its probability. */
    private static double[] sums(AnswerScoring scoring, Llama model, Comparisons comparisons) {
        List<ChatTokens> texts =
                comparisons.units().stream().flatMap(unit -> unit.texts().stream()).toList();
        return scoring.logProbabilities(model, texts, _ -> {}).stream()
                .mapToDouble(text -> Arrays.stream(text).sum())
                .toArray();
    }
}
