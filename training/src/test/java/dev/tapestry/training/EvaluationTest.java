package dev.tapestry.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class EvaluationTest {

    private static final LlamaConfig CONFIG = TestModels.odd(true);

    @Test
    void every_token_but_the_first_is_predicted_once_whatever_the_batch() {
        int[] ids =
                TestModels.randomIds(
                        2 * 16 + 6, CONFIG.vocabularySize(), 9); // windows of 16, 16 and 5
        Tokens text = Tokens.of(ids, 76);
        try (Llama model = Llama.fresh(CONFIG, 2)) {
            double nats =
                    nats(model, ids, 0, 16) + nats(model, ids, 16, 16) + nats(model, ids, 32, 5);

            TextLoss loss =
                    new Evaluation(16, 8, Long.MAX_VALUE, Precision.FP32, 1).of(model, text);
            TextLoss oneByOne =
                    new Evaluation(16, 1, Long.MAX_VALUE, Precision.FP32, 1).of(model, text);

            assertThat(loss.tokens()).isEqualTo(37);
            assertThat(loss.natsPerToken()).isCloseTo(nats / 37, within(1e-4));
            assertThat(loss.bitsPerByte()).isCloseTo(nats / 37 / Math.log(2) / 2, within(1e-4));
            assertThat(loss.perplexity()).isCloseTo(Math.exp(loss.natsPerToken()), within(1e-9));
            assertThat(oneByOne.natsPerToken()).isCloseTo(loss.natsPerToken(), within(1e-5));
        }
    }

    @Test
    void a_part_of_the_text_is_always_the_same_part() {
        Tokens text = Tokens.of(TestModels.randomIds(1000, CONFIG.vocabularySize(), 9));
        Evaluation part = new Evaluation(16, 3, 100, Precision.FP32, 1);
        try (Llama model = Llama.fresh(CONFIG, 2)) {
            TextLoss loss = part.of(model, text);

            assertThat(loss).isEqualTo(part.of(model, text));
            assertThat(loss.tokens()).isBetween(100L, 112L);
        }
    }

    @Test
    void one_token_cannot_be_scored() {
        try (Llama model = Llama.fresh(CONFIG, 2)) {
            assertThatThrownBy(() -> Evaluation.whole(16).of(model, Tokens.of(1)))
                    .isInstanceOf(TrainingException.class)
                    .hasMessageContaining("at least 2");
        }
    }

    private static double nats(Llama model, int[] ids, int start, int length) {
        double[][] logits =
                new ReferenceLlama(model)
                        .logits(java.util.Arrays.copyOfRange(ids, start, start + length));
        double nats = 0;
        for (int t = 0; t < length; t++) {
            double total = 0;
            for (double logit : logits[t]) {
                total += Math.exp(logit);
            }
            nats += Math.log(total) - logits[t][ids[start + t + 1]];
        }
        return nats;
    }
}
