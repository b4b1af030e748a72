package dev.tapestry.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LlamaForwardTest {

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void logits_agree_with_the_plain_java_oracle_at_every_position(boolean tied) {
        LlamaConfig config = TestModels.odd(tied);
        int[] ids = TestModels.randomIds(19, config.vocabularySize(), 5);
        try (Llama model = unevenNorms(Llama.fresh(config, 11))) {
            double[][] expected = new ReferenceLlama(model).logits(ids);
            float[] actual = logits(model, ids, Precision.FP32);

            assertThat(largest(expected)).isGreaterThan(1); // else the comparison would be empty
            for (int t = 0; t < ids.length; t++) {
                for (int v = 0; v < config.vocabularySize(); v++) {
                    assertThat((double) actual[t * config.vocabularySize() + v])
                            .as("position %d, token %d", t, v)
                            .isCloseTo(expected[t][v], within(1e-4));
                }
            }
        }
    }

    @Test
    void bf16_logits_are_near_the_fp32_ones() {
        LlamaConfig config = TestModels.odd(true);
        int[] ids = TestModels.randomIds(19, config.vocabularySize(), 5);
        try (Llama model = Llama.fresh(config, 11)) {
            float[] exact = logits(model, ids, Precision.FP32);
            float[] rounded = logits(model, ids, Precision.BF16);

            double error = 0;
            double size = 0;
            for (int i = 0; i < exact.length; i++) {
                error += Math.pow(exact[i] - rounded[i], 2);
                size += Math.pow(exact[i], 2);
            }
            assertThat(Math.sqrt(error / size)).isBetween(1e-6, 0.03);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void gradients_agree_with_finite_differences(boolean tied) {
        LlamaConfig config = TestModels.odd(tied);
        SplittableRandom random = new SplittableRandom(3);
        Tokens tokens = Tokens.of(TestModels.randomIds(40, config.vocabularySize(), 6));
        try (PointerScope _ = new PointerScope();
                Llama model = unevenNorms(Llama.fresh(config, 12, ScalarType.Double))) {
            TokenBatch batch =
                    TokenBatch.read(tokens, new long[] {0, 13}, 12, config.vocabularySize());
            Tensor gradients = model.parameters().gradients();
            Loss.backward(model, batch, Precision.FP32, 1);
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

    /** Norm weights that are not all one, so that forgetting them would show. */
    private static Llama unevenNorms(Llama model) {
        try (PointerScope _ = new PointerScope()) {
            Tensor norms =
                    FlatParameters.range(
                            model.parameters().values(), model.parameters().layout().norms());
            for (long i = 0; i < norms.numel(); i++) {
                norms.narrow(0, i, 1).fill_(new Scalar(0.5 + (i % 7) / 5.0));
            }
        }
        return model;
    }

    private static float[] logits(Llama model, int[] ids, Precision precision) {
        try (PointerScope _ = new PointerScope();
                GradientsOff _ = new GradientsOff()) {
            Tensor batch =
                    Tensor.create(Arrays.stream(ids).asLongStream().toArray(), 1, ids.length);
            return NativeTensors.memory(model.logits(batch, precision).contiguous())
                    .toArray(java.lang.foreign.ValueLayout.JAVA_FLOAT);
        }
    }

    private static double largest(double[][] values) {
        return Arrays.stream(values).flatMapToDouble(Arrays::stream).map(Math::abs).max().orElse(0);
    }
}
