package dev.tapestry.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LlamaForwardTest {

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void logits_agree_with_the_plain_java_oracle_at_every_position(boolean tied) {
        LlamaConfig config = TestModels.odd(tied);
        int[] ids = TestModels.randomIds(19, config.vocabularySize(), 5);
        try (Llama model = TestModels.unevenNorms(Llama.fresh(config, 11))) {
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
