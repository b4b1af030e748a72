package dev.tapestry.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class LlamaGradientTest {

    @ParameterizedTest
    @MethodSource("shapes")
    void gradients_agree_with_finite_differences(LlamaConfig config) {
        SplittableRandom random = new SplittableRandom(3);
        Tokens tokens = Tokens.of(TestModels.randomIds(40, config.vocabularySize(), 6));
        try (PointerScope _ = new PointerScope();
                Llama model =
                        TestModels.unevenNorms(
                                Llama.fresh(config, 12, new TensorOptions(ScalarType.Double)))) {
            TokenBatch batch =
                    TokenBatch.read(tokens, new long[] {0, 13}, 12, config.vocabularySize());
            Tensor gradients = model.parameters().gradients();
            loss(model, batch, Precision.FP32, false);
            for (ParameterLayout.Slot slot : model.parameters().layout().slots().values()) {
                for (int i = 0; i < 3; i++) {
                    long at = slot.offset() + random.nextLong(slot.elements());
                    double expected = slope(model, batch, at);
                    double actual = gradients.data_ptr_double().get(at);
                    assertThat(actual)
                            .as("%s element %d", slot.name(), at - slot.offset())
                            .isCloseTo(expected, within(1e-8 + 1e-5 * Math.abs(expected)));
                }
            }
        }
    }

    private static double slope(Llama model, TokenBatch batch, long at) {
        var weights = model.parameters().values().data_ptr_double();
        double weight = weights.get(at);
        double step = 1e-5;
        try (GradientsOff _ = new GradientsOff()) {
            weights.put(at, weight + step);
            double above = Loss.mean(model, batch, Precision.FP32);
            weights.put(at, weight - step);
            double below = Loss.mean(model, batch, Precision.FP32);
            weights.put(at, weight);
            return (above - below) / (2 * step);
        }
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void every_gradient_agrees_with_what_autograd_makes_of_the_forward_pass(LlamaConfig config) {
        try (PointerScope _ = new PointerScope();
                Llama model = uneven(config, ScalarType.Double)) {
            TokenBatch batch = batch(model);
            double loss = loss(model, batch, Precision.FP32, false);
            double[] byHand = gradients(model);
            model.parameters().gradients().zero_();
            double recorded = autograd(model, batch, Precision.FP32);

            assertThat(loss).isCloseTo(recorded, within(1e-12));
            assertThat(byHand).containsExactly(gradients(model), within(1e-12));
            assertThat(Loss.mean(model, batch, Precision.FP32)).isCloseTo(loss, within(1e-12));
        }
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void computing_activations_again_changes_no_bit_of_the_gradient(LlamaConfig config) {
        for (Precision precision : new Precision[] {Precision.FP32, Precision.BF16}) {
            try (PointerScope _ = new PointerScope();
                    Llama model = uneven(config, ScalarType.Float)) {
                TokenBatch batch = batch(model);
                loss(model, batch, precision, false);
                double[] held = gradients(model);
                model.parameters().gradients().zero_();
                loss(model, batch, precision, true);

                assertThat(gradients(model)).containsExactly(held);
            }
        }
    }

    /** How far bf16 takes them off depends on the model, so autograd's own error is the measure. */
    @ParameterizedTest
    @MethodSource("shapes")
    void bf16_gradients_are_as_near_to_the_fp32_ones_as_autograds(LlamaConfig config) {
        try (PointerScope _ = new PointerScope();
                Llama model = uneven(config, ScalarType.Float)) {
            TokenBatch batch = batch(model);
            autograd(model, batch, Precision.FP32);
            double[] exact = gradients(model);
            model.parameters().gradients().zero_();
            autograd(model, batch, Precision.BF16);
            double recorded = distance(gradients(model), exact);
            model.parameters().gradients().zero_();
            loss(model, batch, Precision.BF16, false);

            assertThat(distance(gradients(model), exact)).isBetween(1e-6, 1.25 * recorded);
        }
    }

    private static double distance(double[] actual, double[] exact) {
        double sum = 0;
        for (int i = 0; i < exact.length; i++) {
            sum += Math.pow(exact[i] - actual[i], 2);
        }
        return Math.sqrt(sum);
    }

    /** Adds the gradient of the recorded forward pass; returns the mean loss. */
    private static double autograd(Llama model, TokenBatch batch, Precision precision) {
        model.parameters().gradients(); // makes the weights trainable
        Tensor loss =
                torch.cross_entropy_loss(
                        model.logits(batch.inputs(), precision)
                                .view(-1, model.config().vocabularySize()),
                        batch.targets().view(-1),
                        new TensorOptional(),
                        1,
                        -100,
                        0.0);
        loss.backward();
        return loss.item_double();
    }

    static Stream<LlamaConfig> shapes() {
        return Stream.concat(
                Stream.of(TestModels.odd(true), TestModels.odd(false)), TestModels.variants());
    }

    private static Llama uneven(LlamaConfig config, ScalarType type) {
        return TestModels.unevenNorms(Llama.fresh(config, 12, new TensorOptions(type)));
    }

    private static TokenBatch batch(Llama model) {
        int vocabulary = model.config().vocabularySize();
        Tokens tokens = Tokens.of(TestModels.randomIds(90, vocabulary, 6));
        return TokenBatch.read(tokens, new long[] {0, 13, 40}, 31, vocabulary);
    }

    private static double loss(
            Llama model, TokenBatch batch, Precision precision, boolean recompute) {
        try (LlamaGradient gradient = new LlamaGradient(model, precision, recompute)) {
            return gradient.add(batch, 1);
        }
    }

    private static double[] gradients(Llama model) {
        try (PointerScope _ = new PointerScope()) {
            return NativeTensors.memory(model.parameters().gradients().to(ScalarType.Double))
                    .toArray(ValueLayout.JAVA_DOUBLE);
        }
    }
}
