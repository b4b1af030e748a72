package dev.tapestry.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tapestry.corpus.chat.ChatTokens;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The gradient of a whole model by each loss, in double precision. */
final class PreferenceLessonsTest {

    private static final SplittableRandom RANDOM = new SplittableRandom(8);

    @TempDir Path directory;

    @Test
    void the_gradient_of_dpo_agrees_with_finite_differences() {
        gradientsAgree(new PreferencePlan.Dpo(0.3), pairs(4));
    }

    @Test
    void the_gradient_of_orpo_agrees_with_finite_differences() {
        gradientsAgree(new PreferencePlan.Orpo(0.3), pairs(4));
    }

    /** z₀ is not differentiated: here it is 0, since the reference is nearer to all answers. */
    @Test
    void the_gradient_of_kto_agrees_with_finite_differences() {
        gradientsAgree(new PreferencePlan.Kto(0.3, 1, 1.2), judged(4));
    }

    private void gradientsAgree(PreferencePlan plan, Comparisons comparisons) {
        TrainingPlan training =
                TestModels.plan(OptimizerPlan.AdamW.of(0.01, 0), Precision.FP32)
                        .withMemory(2, true);
        try (PointerScope _ = new PointerScope();
                Llama model =
                        TestModels.unevenNorms(
                                Llama.fresh(
                                        TestModels.odd(true),
                                        12,
                                        new TensorOptions(ScalarType.Double)));
                LlamaGradient gradient = new LlamaGradient(model, Precision.FP32, true)) {
            Optional<ReferenceScores> reference =
                    plan.needsReference()
                            ? Optional.of(
                                    new ReferenceScores(
                                            scores(model, comparisons).stream()
                                                    .map(s -> s + RANDOM.nextDouble(0.1, 4))
                                                    .toList()))
                            : Optional.empty();
            PreferenceLessons lessons = PreferenceLessons.of(comparisons, plan, reference);
            Lessons.Step step =
                    new Lessons.Step(
                            model, gradient, training, ProcessGroup.alone(), Progress.START, null);
            Tensor gradients = model.parameters().gradients();
            Lessons.Learnt learnt = lessons.add(step);
            double[] found = NativeTensors.memory(gradients).toArray(ValueLayout.JAVA_DOUBLE);

            assertThat(learnt.loss())
                    .isCloseTo(loss(plan, model, comparisons, reference), within(1e-9));
            assertThat(Arrays.stream(found).map(Math::abs).max().getAsDouble()).isPositive();
            var weights = model.parameters().values().data_ptr_double();
            SplittableRandom random = new SplittableRandom(3);
            for (int i = 0; i < 20; i++) {
                long at = random.nextLong(found.length);
                double weight = weights.get(at);
                weights.put(at, weight + 1e-5);
                double above = loss(plan, model, comparisons, reference);
                weights.put(at, weight - 1e-5);
                double below = loss(plan, model, comparisons, reference);
                weights.put(at, weight);
                double expected = (above - below) / 2e-5;
                assertThat(found[(int) at])
                        .isCloseTo(expected, within(1e-7 + 1e-5 * Math.abs(expected)));
            }
        }
    }

    /** The mean over all units, by equations of this test and the other forward pass. */
    private static double loss(
            PreferencePlan plan,
            Llama model,
            Comparisons comparisons,
            Optional<ReferenceScores> reference) {
        List<Double> sums = scores(model, comparisons);
        double loss = 0;
        for (int unit = 0; unit < comparisons.units().size(); unit++) {
            Comparisons.Unit texts = comparisons.units().get(unit);
            double first = sums.get(2 * unit);
            double second = sums.get(2 * unit + 1);
            loss +=
                    switch (plan) {
                        case PreferencePlan.Dpo dpo -> {
                            double w = first - reference.orElseThrow().sums().get(2 * unit);
                            double l = second - reference.orElseThrow().sums().get(2 * unit + 1);
                            yield Math.log(1 + Math.exp(-dpo.beta() * (w - l)));
                        }
                        case PreferencePlan.Orpo orpo -> {
                            double w = first / texts.texts().get(0).learnt();
                            double l = second / texts.texts().get(1).learnt();
                            double odds =
                                    (w - Math.log(1 - Math.exp(w)))
                                            - (l - Math.log(1 - Math.exp(l)));
                            yield -w + orpo.lambda() * Math.log(1 + Math.exp(-odds));
                        }
                        case PreferencePlan.Kto kto -> {
                            double r = first - reference.orElseThrow().sums().get(2 * unit);
                            boolean good = ((Comparisons.Judged) texts).desirable();
                            yield good
                                    ? kto.desirable() * (1 - 1 / (1 + Math.exp(-kto.beta() * r)))
                                    : kto.undesirable() * (1 - 1 / (1 + Math.exp(kto.beta() * r)));
                        }
                    };
        }
        return loss / comparisons.units().size();
    }

    private static List<Double> scores(Llama model, Comparisons comparisons) {
        return new AnswerScoring(1, Precision.FP32, 1)
                .logProbabilities(model, comparisons.texts(), _ -> {}).stream()
                        .map(text -> Arrays.stream(text).sum())
                        .toList();
    }

    @Test
    void reference_scores_are_kept_and_computed_again_for_another_model_or_other_texts() {
        AnswerScoring scoring = new AnswerScoring(64, Precision.FP32, 1);
        Comparisons comparisons = pairs(3);
        Path file = directory.resolve("reference.json");
        try (Llama one = Llama.fresh(TestModels.odd(true), 1);
                Llama two = Llama.fresh(TestModels.odd(true), 2)) {
            List<Long> told = new ArrayList<>();
            ReferenceScores first =
                    ReferenceScores.cached(file, one, comparisons, scoring, told::add);
            assertThat(told).last().isEqualTo(6L);
            told.clear();
            assertThat(ReferenceScores.cached(file, one, comparisons, scoring, told::add))
                    .isEqualTo(first);
            assertThat(told).as("nothing was computed").isEmpty();
            assertThat(ReferenceScores.cached(file, two, comparisons, scoring, told::add))
                    .isNotEqualTo(first);
            assertThat(ReferenceScores.cached(file, two, pairs(2), scoring, told::add).sums())
                    .hasSize(4);
            damage(file);
            assertThat(ReferenceScores.cached(file, one, comparisons, scoring, told::add))
                    .isEqualTo(first);
        }
    }

    private static void damage(Path file) {
        try {
            Files.writeString(file, "{\"format\":\"tapes");
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void losses_units_and_references_that_do_not_fit_are_refused() {
        assertThatThrownBy(() ->
                        PreferenceLessons.of(
                                pairs(2), new PreferencePlan.Kto(1, 1, 1), Optional.empty()))
                .hasMessageContaining("single answers");
        assertThatThrownBy(() ->
                        PreferenceLessons.of(
                                judged(2), new PreferencePlan.Orpo(1), Optional.empty()))
                .hasMessageContaining("pairs");
        assertThatThrownBy(() ->
                        PreferenceLessons.of(pairs(2), new PreferencePlan.Dpo(1), Optional.empty()))
                .hasMessageContaining("4 texts are compared, and 0");
        assertThatThrownBy(() ->
                        PreferenceLessons.of(
                                new Comparisons(List.of(), 3),
                                new PreferencePlan.Orpo(1),
                                Optional.empty()))
                .hasMessageContaining("3 were too long");
        assertThatThrownBy(() -> new PreferencePlan.Dpo(0)).hasMessageContaining("beta 0.0");
    }

    private static Comparisons pairs(int count) {
        SplittableRandom random = new SplittableRandom(4);
        List<Comparisons.Unit> units = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int[] prompt = random.ints(3, 0, 97).toArray();
            units.add(new Comparisons.Pair(answer(random, prompt), answer(random, prompt)));
        }
        return new Comparisons(units, 0);
    }

    private static Comparisons judged(int count) {
        SplittableRandom random = new SplittableRandom(4);
        List<Comparisons.Unit> units = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int[] prompt = random.ints(3, 0, 97).toArray();
            units.add(
                    new Comparisons.Judged(
                            answer(random, prompt), answer(random, prompt), i % 2 == 0));
        }
        return new Comparisons(units, 0);
    }

    private static ChatTokens answer(SplittableRandom random, int[] prompt) {
        return ChatTokens.answer(prompt, random.ints(2L + random.nextInt(5), 0, 97).toArray());
    }
}
