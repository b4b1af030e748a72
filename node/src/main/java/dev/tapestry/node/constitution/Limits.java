package dev.tapestry.node.constitution;

import dev.tapestry.consortium.LeftOutWhenEmpty;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How long texts may be.
 *
 * @param promptCharacters a longer prompt is refused, in UTF-16 units
 * @param answerCharacters a longer answer ends there
 * @param say by language, what is said to a prompt that is too long
 */
public record Limits(
        @LeftOutWhenEmpty Optional<Integer> promptCharacters,
        @LeftOutWhenEmpty Optional<Integer> answerCharacters,
        @LeftOutWhenEmpty Optional<Map<String, String>> say) {

    /** The rule's id where a prompt is too long. */
    public static final String PROMPT = "limits.prompt-characters";

    /** The rule's id where an answer is too long. */
    public static final String ANSWER = "limits.answer-characters";

    public Limits {
        Wording.require(promptCharacters.orElse(1) > 0, "prompt-characters: at least 1");
        Wording.require(answerCharacters.orElse(1) > 0, "answer-characters: at least 1");
        say = say.map(Map::copyOf);
        Wording.require(
                promptCharacters.isEmpty() || say.isPresent(),
                "say: what is said to a prompt that is too long is missing");
    }

    void check(List<String> languages) {
        if (promptCharacters.isPresent()) {
            Wording.requireSay("limits", say, languages);
        } else {
            Wording.checkSay("limits", say, languages);
        }
    }
}
