package dev.tapestry.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tapestry.corpus.chat.ChatTokens;
import dev.tapestry.training.TrainingException.Code;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

final class PackedBatchTest {

    private static final int ROW = 20;

    @Test
    void a_conversation_is_predicted_beside_others_as_it_is_alone() {
        List<ChatTokens> texts = texts(7);
        try (PointerScope _ = new PointerScope();
                Llama model = odd()) {
            List<double[]> alone = probable(model, texts);
            PackedBatch batch = PackedBatch.of(texts, ROW, model.config().vocabularySize());
            double[] packed = new double[batch.size()];
            run(model, batch, packed);

            assertThat(batch.inputs().size(0)).as("rows").isLessThan(texts.size());
            for (int i = 0; i < texts.size(); i++) {
                PackedBatch.Place place = batch.places().get(i);
                assertThat(Arrays.copyOfRange(packed, place.from(), place.from() + place.length()))
                        .containsExactly(alone.get(i), within(1e-12));
            }
        }
    }

    @Test
    void what_its_neighbours_say_changes_no_bit_of_it() {
        List<ChatTokens> texts = texts(7);
        List<ChatTokens> others = new ArrayList<>();
        SplittableRandom random = new SplittableRandom(99);
        for (ChatTokens text : texts) {
            others.add(ChatTokens.text(random.ints(text.length(), 0, 97).toArray()));
        }
        others.set(3, texts.get(3));
        try (PointerScope _ = new PointerScope();
                Llama model = odd()) {
            PackedBatch batch = PackedBatch.of(texts, ROW, 97);
            PackedBatch changed = PackedBatch.of(others, ROW, 97);
            double[] first = new double[batch.size()];
            double[] second = new double[changed.size()];
            run(model, batch, first);
            run(model, changed, second);

            PackedBatch.Place place = batch.places().get(3);
            assertThat(changed.places().get(3).from()).isEqualTo(place.from());
            assertThat(Arrays.copyOfRange(second, place.from(), place.from() + place.length()))
                    .isEqualTo(
                            Arrays.copyOfRange(first, place.from(), place.from() + place.length()));
            assertThat(second).isNotEqualTo(first);
        }
    }

    @Test
    void its_gradient_is_the_sum_of_their_gradients() {
        List<ChatTokens> texts = texts(5);
        try (PointerScope _ = new PointerScope();
                Llama model = odd()) {
            Tensor gradients = model.parameters().gradients();
            for (ChatTokens text : texts) {
                weighted(model, PackedBatch.of(List.of(text), ROW, 97));
            }
            double[] apart = numbers(gradients);
            gradients.zero_();
            weighted(model, PackedBatch.of(texts, ROW, 97));
            assertThat(numbers(gradients)).containsExactly(apart, within(1e-11));
        }
    }

    /** Weights are also negative, as of rejected answers, and another model is held to. */
    @Test
    void a_weighted_gradient_agrees_with_finite_differences() {
        for (double factor : new double[] {0, 0.7}) {
            try (PointerScope _ = new PointerScope();
                    Llama model = odd();
                    Llama other =
                            Llama.fresh(
                                    TestModels.odd(false),
                                    5,
                                    new TensorOptions(ScalarType.Double))) {
                Anchor anchor = factor == 0 ? null : new Anchor(other, factor);
                PackedBatch batch = PackedBatch.of(texts(4), ROW, 97);
                Tensor gradients = model.parameters().gradients();
                loss(model, batch, anchor);
                double[] found = numbers(gradients);
                var weights = model.parameters().values().data_ptr_double();
                SplittableRandom random = new SplittableRandom(3);
                for (int i = 0; i < 25; i++) {
                    long at = random.nextLong(found.length);
                    double weight = weights.get(at);
                    weights.put(at, weight + 1e-5);
                    double above = loss(model, batch, anchor);
                    weights.put(at, weight - 1e-5);
                    double below = loss(model, batch, anchor);
                    weights.put(at, weight);
                    double expected = (above - below) / 2e-5;
                    assertThat(found[(int) at])
                            .isCloseTo(expected, within(1e-7 + 1e-5 * Math.abs(expected)));
                }
            }
        }
    }

    @Test
    void a_text_longer_than_a_row_or_of_unknown_ids_is_refused() {
        refused(Code.INVALID_PLAN, ChatTokens.text(new int[ROW + 2]));
        refused(Code.INVALID_PLAN, ChatTokens.text(new int[1]));
        refused(Code.TOKEN_OUT_OF_RANGE, ChatTokens.text(new int[] {1, 97}));
    }

    private static void refused(Code code, ChatTokens text) {
        assertThatThrownBy(() -> PackedBatch.of(List.of(text), ROW, 97))
                .isInstanceOfSatisfying(
                        TrainingException.class, e -> assertThat(e.code()).isEqualTo(code));
    }

    private static double loss(
            Llama model, PackedBatch batch, @org.jspecify.annotations.Nullable Anchor anchor) {
        try (LlamaGradient gradient = new LlamaGradient(model, Precision.FP32, false)) {
            Loss.Sums sums = gradient.add(batch, signs(batch), anchor);
            return sums.nats() + (anchor == null ? 0 : anchor.factor() * sums.divergence());
        }
    }

    private static void weighted(Llama model, PackedBatch batch) {
        try (LlamaGradient gradient = new LlamaGradient(model, Precision.FP32, true)) {
            double[] weights = new double[batch.size()];
            for (PackedBatch.Place place : batch.places()) {
                Arrays.fill(weights, place.from(), place.from() + place.length(), 0.25);
            }
            gradient.add(batch, weights, null);
        }
    }

    private static double[] signs(PackedBatch batch) {
        double[] weights = new double[batch.size()];
        for (PackedBatch.Place place : batch.places()) {
            for (int i = 0; i < place.length(); i++) {
                weights[place.from() + i] = i % 3 - 0.5;
            }
        }
        return weights;
    }

    private static void run(Llama model, PackedBatch batch, double[] into) {
        try (LlamaGradient gradient = new LlamaGradient(model, Precision.FP32, false)) {
            gradient.add(
                    batch,
                    probable -> {
                        System.arraycopy(probable, 0, into, 0, into.length);
                        return new double[into.length];
                    });
        }
    }

    /** By the other forward pass, each with its own row. */
    private static List<double[]> probable(Llama model, List<ChatTokens> texts) {
        return new AnswerScoring(1, Precision.FP32, 1).logProbabilities(model, texts, _ -> {});
    }

    private static List<ChatTokens> texts(int count) {
        SplittableRandom random = new SplittableRandom(count);
        List<ChatTokens> texts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            texts.add(ChatTokens.text(random.ints(3L + random.nextInt(9), 0, 97).toArray()));
        }
        return texts;
    }

    private static Llama odd() {
        return TestModels.unevenNorms(
                Llama.fresh(TestModels.odd(false), 12, new TensorOptions(ScalarType.Double)));
    }

    private static double[] numbers(Tensor tensor) {
        return NativeTensors.memory(tensor).toArray(ValueLayout.JAVA_DOUBLE);
    }
}
