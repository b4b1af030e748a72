package dev.tapestry.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tapestry.corpus.chat.ChatTokens;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Likelihoods of answers, together and one by one. */
class AnswerScoringTest {

    @Test
    void answers_that_share_all_but_their_last_token_are_scored_as_if_they_were_alone() {
        int[] prompt = TestModels.randomIds(9, 256, 1);
        List<ChatTokens> texts = new ArrayList<>();
        for (int last = 60; last < 70; last++) {
            texts.add(ChatTokens.answer(prompt, new int[] {7, last}));
            texts.add(ChatTokens.answer(prompt, new int[] {last}));
        }
        texts.add(ChatTokens.text(TestModels.randomIds(30, 256, 2)));
        texts.add(ChatTokens.text(new int[] {5}));
        AnswerScoring scoring = new AnswerScoring(64, Precision.FP32, 1);
        List<Long> told = new ArrayList<>();
        try (Llama model = Llama.fresh(TestModels.tiny(), 3)) {
            List<double[]> together = scoring.logProbabilities(model, texts, told::add);
            for (int i = 0; i < texts.size(); i++) {
                double[] alone =
                        scoring.logProbabilities(model, List.of(texts.get(i)), _ -> {}).getFirst();
                assertThat(together.get(i)).containsExactly(alone, within(1e-5));
            }
            double[] letters =
                    together.stream()
                            .filter(one -> one.length == 1)
                            .mapToDouble(one -> one[0])
                            .toArray();
            assertThat(letters).hasSize(10).doesNotHaveDuplicates();
        }
        assertThat(told.getLast()).isEqualTo(texts.size());
    }
}
