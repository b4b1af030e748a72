package dev.tapestry.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class LlamaForwardTest {

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void logits_agree_with_the_plain_java_oracle_at_every_position(boolean tied) {
        agreesWithTheOracle(TestModels.odd(tied));
    }

    @ParameterizedTest
    @MethodSource("dev.tapestry.training.TestModels#variants")
    void so_do_those_of_every_relative(LlamaConfig config) {
        agreesWithTheOracle(config);
    }

    private static void agreesWithTheOracle(LlamaConfig config) {
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

    /** Otherwise the comparisons with the oracle would say nothing about what is special. */
    @ParameterizedTest
    @MethodSource("dev.tapestry.training.TestModels#variants")
    void what_is_special_about_a_relative_changes_its_logits(LlamaConfig config) {
        int[] ids = TestModels.randomIds(19, config.vocabularySize(), 5);
        LlamaConfig plain = TestModels.odd(config.tiedEmbeddings());
        try (Llama model = Llama.fresh(config, 11);
                Llama llama = Llama.fresh(plain, 11);
                PointerScope _ = new PointerScope()) {
            llama.parameters()
                    .layout()
                    .slots()
                    .keySet()
                    .forEach(name -> {
                        Tensor theirs = model.parameters().find(name);
                        if (theirs != null) {
                            llama.parameters().tensor(name).copy_(theirs);
                        }
                    });
            TestModels.unevenNorms(model);
            float[] special = logits(model, ids, Precision.FP32);
            assertThat(logits(TestModels.unevenNorms(llama), ids, Precision.FP32))
                    .isNotEqualTo(special);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.tapestry.training.TestModels#variants")
    void word_by_word_with_kept_keys_is_the_same_as_all_at_once(LlamaConfig config) {
        List<Integer> ids =
                Arrays.stream(TestModels.randomIds(19, config.vocabularySize(), 5))
                        .boxed()
                        .toList();
        try (Llama model = TestModels.unevenNorms(Llama.fresh(config, 11));
                KeyValueCache cache = new KeyValueCache(model, 19)) {
            float[] whole = new Generation(model).logitsAfter(ids);
            float[] last = {};
            for (int i = 0, first = 7; i < ids.size(); i = i == 0 ? first : i + 1) {
                List<Integer> next = i == 0 ? ids.subList(0, first) : ids.subList(i, i + 1);
                last = after(model, cache, next);
            }
            assertThat(last).containsExactly(whole, within(1e-5f));
        }
    }

    private static float[] after(Llama model, KeyValueCache cache, List<Integer> ids) {
        try (PointerScope _ = new PointerScope();
                GradientsOff _ = new GradientsOff()) {
            long[] wide = ids.stream().mapToLong(Integer::longValue).toArray();
            Tensor logits =
                    model.forward()
                            .logits(Tensor.create(wide, 1, wide.length), Precision.FP32, cache);
            cache.advance(wide.length);
            return NativeTensors.memory(logits.select(1, wide.length - 1L).contiguous())
                    .toArray(java.lang.foreign.ValueLayout.JAVA_FLOAT);
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
