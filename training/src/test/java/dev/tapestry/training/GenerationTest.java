package dev.tapestry.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tapestry.training.TrainingException.Code;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class GenerationTest {

    private static final LlamaConfig CONFIG =
            TestModels.odd(true).withDocumentTokens(OptionalInt.empty(), OptionalInt.empty());
    private static final List<Integer> PROMPT = List.of(5, 44, 13, 80, 2);

    @Test
    void the_cache_gives_what_recomputing_the_whole_text_gives() {
        try (Llama model = Llama.fresh(CONFIG, 21)) {
            Generation generation = new Generation(model);
            List<Integer> cached = generation.continued(PROMPT, 20, Sampling.greedy());

            List<Integer> text = new ArrayList<>(PROMPT);
            for (int i = 0; i < 20; i++) {
                text.add(new TokenChooser(Sampling.greedy()).choose(generation.logitsAfter(text)));
            }
            assertThat(cached).isEqualTo(text.subList(PROMPT.size(), text.size()));
        }
    }

    @Test
    void the_last_logits_agree_with_the_oracle() {
        try (Llama model = Llama.fresh(CONFIG, 21)) {
            float[] actual = new Generation(model).logitsAfter(PROMPT);
            double[][] expected =
                    new ReferenceLlama(model)
                            .logits(PROMPT.stream().mapToInt(Integer::intValue).toArray());

            for (int i = 0; i < actual.length; i++) {
                assertThat((double) actual[i])
                        .isCloseTo(expected[PROMPT.size() - 1][i], within(1e-4));
            }
        }
    }

    @Test
    void sampling_repeats_by_its_seed_and_keeps_to_the_likeliest() {
        try (Llama model = Llama.fresh(CONFIG, 21)) {
            Generation generation = new Generation(model);
            Sampling sampling = new Sampling(1.0, 5, 99);

            assertThat(generation.continued(PROMPT, 20, sampling))
                    .isEqualTo(generation.continued(PROMPT, 20, sampling))
                    .isNotEqualTo(generation.continued(PROMPT, 20, new Sampling(1.0, 5, 100)));
            assertThat(generation.continued(PROMPT, 20, new Sampling(1.0, 1, 99)))
                    .isEqualTo(generation.continued(PROMPT, 20, Sampling.greedy()));
        }
    }

    @Test
    void the_end_token_ends_the_text_and_positions_bound_it() {
        try (Llama model = Llama.fresh(CONFIG, 21)) {
            List<Integer> free = new Generation(model).continued(PROMPT, 1000, Sampling.greedy());
            assertThat(free).hasSize(CONFIG.maxPositions() - PROMPT.size() + 1);

            LlamaConfig ending =
                    CONFIG.withDocumentTokens(OptionalInt.empty(), OptionalInt.of(free.get(2)));
            try (Llama sameWeights = Llama.fresh(ending, 21)) {
                List<Integer> ended =
                        new Generation(sameWeights).continued(PROMPT, 1000, Sampling.greedy());
                assertThat(ended).isEqualTo(free.subList(0, free.indexOf(free.get(2)) + 1));
            }
        }
    }

    @Test
    void a_prompt_that_is_empty_too_long_or_of_another_tokenizer_is_refused() {
        try (Llama model = Llama.fresh(CONFIG, 21)) {
            Generation generation = new Generation(model);
            refused(Code.INVALID_PLAN, () -> generation.logitsAfter(List.of()));
            refused(
                    Code.INVALID_PLAN,
                    () ->
                            generation.continued(
                                    java.util.Collections.nCopies(CONFIG.maxPositions() + 1, 3),
                                    5,
                                    Sampling.greedy()));
            refused(Code.TOKEN_OUT_OF_RANGE, () -> generation.logitsAfter(List.of(97)));
        }
    }

    private static void refused(
            Code code, org.assertj.core.api.ThrowableAssert.ThrowingCallable action) {
        assertThatThrownBy(action)
                .isInstanceOfSatisfying(
                        TrainingException.class, e -> assertThat(e.code()).isEqualTo(code));
    }
}
