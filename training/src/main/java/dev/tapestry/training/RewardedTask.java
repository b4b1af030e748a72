package dev.tapestry.training;

import dev.tapestry.corpus.chat.Conversation;
import java.util.function.ToDoubleFunction;
import java.util.regex.Pattern;

/**
 * A prompt whose answers a program can judge.
 *
 * @param prompt a conversation in which the user has the last word
 * @param reward of an answer; the same for the same answer
 * @param name of the reward, which a checkpoint is bound to
 */
public record RewardedTask(Conversation prompt, ToDoubleFunction<String> reward, String name) {

    /** 1 for an answer that begins with {@code expected}, as a letter or a word; else 0. */
    public static RewardedTask choice(Conversation prompt, String expected) {
        Pattern begins =
                Pattern.compile(
                        "\\s*" + Pattern.quote(expected) + "(?![\\p{L}\\p{N}]).*", Pattern.DOTALL);
        return new RewardedTask(
                prompt, answer -> begins.matcher(answer).matches() ? 1 : 0, "choice " + expected);
    }

    /** 1 for an answer of this form, all of it; else 0. */
    public static RewardedTask format(Conversation prompt, Pattern form) {
        return new RewardedTask(
                prompt, answer -> form.matcher(answer).matches() ? 1 : 0, "format " + form);
    }
}
