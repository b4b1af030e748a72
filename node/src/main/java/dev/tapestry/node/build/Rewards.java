package dev.tapestry.node.build;

import dev.tapestry.corpus.ByteLevelTokenizer;
import dev.tapestry.corpus.chat.ChatTemplate;
import dev.tapestry.corpus.chat.CheckedPrompt;
import dev.tapestry.training.Generation;
import dev.tapestry.training.Llama;
import dev.tapestry.training.RewardedTask;
import dev.tapestry.training.Sampling;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Prompts that a program can check, as tasks for a model, and how far it is from solving them: 1
 * minus the mean reward of its likeliest answers.
 *
 * @param tokenizer of the model
 * @param template how turns are written out
 * @param answerTokens of the longest answer
 */
record Rewards(ByteLevelTokenizer tokenizer, ChatTemplate template, int answerTokens) {

    static List<RewardedTask> tasks(List<CheckedPrompt> prompts) {
        return prompts.stream().map(Rewards::task).toList();
    }

    private static RewardedTask task(CheckedPrompt prompt) {
        return switch (prompt.check()) {
            case CheckedPrompt.Check.Choice choice ->
                    RewardedTask.choice(prompt.prompt(), choice.expected());
            case CheckedPrompt.Check.Form form ->
                    RewardedTask.format(prompt.prompt(), Pattern.compile(form.expression()));
        };
    }

    /** Tokens that answers to these are learnt from, each answered once and as long as may be. */
    long tokens(List<CheckedPrompt> prompts) {
        return prompts.stream()
                .mapToLong(one ->
                        template.encodePrompt(one.prompt(), tokenizer).length + answerTokens - 1)
                .sum();
    }

    double loss(Llama model, List<RewardedTask> tasks) {
        int end = tokenizer.id(template.endOfTurn()).orElse(-1);
        Generation generation = new Generation(model);
        double reward = 0;
        for (RewardedTask task : tasks) {
            int[] answer =
                    generation
                            .continued(
                                    Arrays.stream(template.encodePrompt(task.prompt(), tokenizer))
                                            .boxed()
                                            .toList(),
                                    answerTokens,
                                    Sampling.greedy(),
                                    id -> id == end)
                            .stream()
                            .filter(id -> id != end && id < tokenizer.vocabSize())
                            .mapToInt(Integer::intValue)
                            .toArray();
            reward += task.reward().applyAsDouble(tokenizer.decode(answer));
        }
        return 1 - reward / tasks.size();
    }
}
