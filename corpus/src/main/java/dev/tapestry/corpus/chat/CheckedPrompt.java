package dev.tapestry.corpus.chat;

import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * A prompt whose answer a program can check.
 *
 * @param prompt a conversation in which the user has the last word
 * @param check what a right answer is
 */
public record CheckedPrompt(Conversation prompt, Check check) {

    public CheckedPrompt {
        PreferencePair.requirePrompt(prompt);
    }

    /** What a right answer is. */
    public sealed interface Check {

        /** It begins with this letter or word, as that of a multiple choice. */
        record Choice(String expected) implements Check {
            public Choice {
                if (expected.isBlank() || expected.length() > 200) {
                    throw new IllegalArgumentException("answer: 1 to 200 characters");
                }
            }
        }

        /** All of it has this form, a regular expression. */
        record Form(String expression) implements Check {
            public Form {
                if (expression.length() > 500) {
                    throw new IllegalArgumentException("format: at most 500 characters");
                }
                try {
                    var _ = Pattern.compile(expression);
                } catch (PatternSyntaxException e) {
                    throw new IllegalArgumentException(
                            "format is no regular expression: " + e.getDescription(), e);
                }
            }
        }
    }
}
