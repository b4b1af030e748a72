package dev.tapestry.training;

import dev.tapestry.consortium.Digest;
import dev.tapestry.corpus.chat.ChatTokens;
import dev.tapestry.training.TrainingException.Code;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.bytedeco.javacpp.PointerScope;

/**
 * Answers that are preferred to others (alignment). The loss of a step is the mean over its units.
 * What a unit's loss depends on is each token's log-probability, so its gradient is that of
 * instruction tuning with a weight for each position: minus the loss's derivative by it.
 */
public final class PreferenceLessons extends Lessons {

    private final Comparisons comparisons;
    private final PreferencePlan plan;
    private final Optional<ReferenceScores> reference;

    private PreferenceLessons(
            Comparisons comparisons, PreferencePlan plan, Optional<ReferenceScores> reference) {
        this.comparisons = comparisons;
        this.plan = plan;
        this.reference = reference;
    }

    /**
     * Lessons from these comparisons.
     *
     * @param reference what {@link PreferencePlan#needsReference} asks for
     * @throws TrainingException {@code TOO_FEW_TOKENS} if there is none, {@code INVALID_PLAN} if
     *     loss, units and reference do not go together
     */
    public static PreferenceLessons of(
            Comparisons comparisons, PreferencePlan plan, Optional<ReferenceScores> reference) {
        if (comparisons.units().isEmpty()) {
            throw new TrainingException(
                    Code.TOO_FEW_TOKENS,
                    "no answers are left to compare; %d were too long: take longer sequences"
                            .formatted(comparisons.tooLong()));
        }
        boolean single = plan instanceof PreferencePlan.Kto;
        if (comparisons.units().stream()
                .anyMatch(unit -> (unit instanceof Comparisons.Judged) != single)) {
            throw invalid(
                    single
                            ? "KTO learns from single answers that are called good or bad"
                            : "DPO and ORPO learn from pairs of answers");
        }
        int scored = reference.map(scores -> scores.sums().size()).orElse(0);
        if (scored != (plan.needsReference() ? comparisons.texts().size() : 0)) {
            throw invalid(
                    "%d texts are compared, and %d have reference scores"
                            .formatted(comparisons.texts().size(), scored));
        }
        return new PreferenceLessons(comparisons, plan, reference);
    }

    @Override
    void check(TrainingPlan training, LlamaConfig config) {
        ConversationLessons.requireRoom(comparisons.texts(), training);
    }

    @Override
    Learnt add(Step step) {
        if (step.anchor() != null) {
            throw invalid("klToBase: preferences are held to the reference already");
        }
        Shuffle order = new Shuffle(comparisons.units().size(), step.plan().seed());
        Judging judging = new Judging(1.0 / step.plan().sequencesPerStep());
        for (int pass = 0; pass < step.plan().accumulationSteps(); pass++) {
            List<Integer> units = new ArrayList<>();
            for (int i = 0; i < step.perPass(); i++) {
                units.add((int) order.at(step.number(pass, i)));
            }
            try (PointerScope _ = new PointerScope()) {
                PackedBatch batch = packed(units, step);
                step.gradient().add(batch, probable -> judging.weights(units, batch, probable));
            }
        }
        long tokens = 0;
        for (int i = 0; i < step.plan().sequencesPerStep(); i++) {
            int unit = (int) order.at(step.progress().sequences() + i);
            for (ChatTokens text : comparisons.units().get(unit).texts()) {
                tokens += text.length() - 1;
            }
        }
        return judging.learnt(step.group().size(), tokens);
    }

    private PackedBatch packed(List<Integer> units, Step step) {
        return PackedBatch.of(
                units.stream().flatMap(i -> comparisons.units().get(i).texts().stream()).toList(),
                step.plan().sequenceLength(),
                step.model().config().vocabularySize());
    }

    /** Adds up the losses of a step. */
    private final class Judging {
        private final double share;
        private final TreeMap<String, Double> figures = new TreeMap<>();
        private double loss;
        private int judged;

        Judging(double share) {
            this.share = share;
        }

        /** What each position's cross-entropy counts. */
        double[] weights(List<Integer> units, PackedBatch batch, double[] probable) {
            double[] weights = new double[batch.size()];
            double origin = plan instanceof PreferencePlan.Kto ? origin(units, batch, probable) : 0;
            for (int i = 0; i < units.size(); i++) {
                PackedBatch.Place first = batch.places().get(2 * i);
                PackedBatch.Place second = batch.places().get(2 * i + 1);
                double left = sum(first, probable);
                double right = sum(second, probable);
                int unit = units.get(i);
                switch (plan) {
                    case PreferencePlan.Dpo dpo -> {
                        double margin =
                                PreferenceLoss.margin(
                                        dpo.beta(),
                                        left,
                                        right,
                                        reference(2 * unit),
                                        reference(2 * unit + 1));
                        PreferenceLoss.Pair pair = PreferenceLoss.dpo(dpo.beta(), margin);
                        put(weights, first, pair.byChosen());
                        put(weights, second, pair.byRejected());
                        tell(pair.loss(), "margin", margin);
                        figures.merge("accuracy", margin > 0 ? 1.0 : 0, Double::sum);
                    }
                    case PreferencePlan.Orpo orpo -> {
                        double chosen = left / first.text().learnt();
                        double rejected = right / second.text().learnt();
                        PreferenceLoss.Pair pair =
                                PreferenceLoss.orpo(orpo.lambda(), chosen, rejected);
                        put(weights, first, pair.byChosen() / first.text().learnt());
                        put(weights, second, pair.byRejected() / second.text().learnt());
                        double odds =
                                PreferenceLoss.logOdds(chosen) - PreferenceLoss.logOdds(rejected);
                        tell(pair.loss(), "log-odds", odds);
                        figures.merge("accuracy", odds > 0 ? 1.0 : 0, Double::sum);
                    }
                    case PreferencePlan.Kto kto -> {
                        boolean good =
                                ((Comparisons.Judged) comparisons.units().get(unit)).desirable();
                        double ratio = left - reference(2 * unit);
                        PreferenceLoss.Single single = PreferenceLoss.kto(kto, good, ratio, origin);
                        put(weights, first, single.slope());
                        tell(single.loss(), "margin", kto.beta() * (good ? ratio : -ratio));
                    }
                }
            }
            return weights;
        }

        /** z₀: the divergence from the reference, measured on mismatched answers. */
        private double origin(List<Integer> units, PackedBatch batch, double[] probable) {
            double mean = 0;
            for (int i = 0; i < units.size(); i++) {
                double ratio =
                        sum(batch.places().get(2 * i + 1), probable)
                                - reference(2 * units.get(i) + 1);
                mean += ratio / units.size();
            }
            return Math.max(0, mean);
        }

        private void tell(double unitLoss, String figure, double value) {
            loss += unitLoss;
            judged++;
            figures.merge(figure, value, Double::sum);
        }

        private void put(double[] weights, PackedBatch.Place place, double slope) {
            for (int i = 0; i < place.length(); i++) {
                if (place.learns(i)) {
                    weights[place.from() + i] = -slope * share;
                }
            }
        }

        Learnt learnt(int processes, long tokens) {
            figures.replaceAll((_, sum) -> sum / judged);
            return new Learnt(loss * share * processes, tokens, figures);
        }
    }

    private double reference(int text) {
        return reference.orElseThrow().sums().get(text);
    }

    private static double sum(PackedBatch.Place place, double[] probable) {
        double sum = 0;
        for (int i = 0; i < place.length(); i++) {
            if (place.learns(i)) {
                sum += probable[place.from() + i];
            }
        }
        return sum;
    }

    @Override
    long size() {
        return comparisons.units().size();
    }

    @Override
    Digest digest() {
        String all = comparisons.digest() + " " + plan;
        return Digest.of(all.getBytes(StandardCharsets.UTF_8));
    }

    private static TrainingException invalid(String message) {
        return new TrainingException(Code.INVALID_PLAN, "preferences: " + message);
    }
}
