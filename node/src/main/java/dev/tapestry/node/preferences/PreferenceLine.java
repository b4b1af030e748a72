package dev.tapestry.node.preferences;

import dev.tapestry.consortium.Digest;
import dev.tapestry.corpus.chat.Conversation;
import dev.tapestry.corpus.chat.PreferencePair;
import java.util.List;

/**
 * A pair of answers with why one is preferred: a line of {@code pairs.jsonl}.
 *
 * @param prompt turns, of which the user's is the last
 * @param chosen the better answer
 * @param rejected the worse one
 * @param reasons for people
 * @param rules ids that had a say
 * @param scores of the answers
 * @param constitution digest of what was ranked by
 * @param review {@code pending}, {@code accepted}, {@code edited} or {@code rejected}
 */
public record PreferenceLine(
        List<Turn> prompt,
        String chosen,
        String rejected,
        List<String> reasons,
        List<String> rules,
        Scores scores,
        Digest constitution,
        String review) {

    /** Nobody has looked at it. */
    public static final String PENDING = "pending";

    /** It may be learnt from as it is. */
    public static final String ACCEPTED = "accepted";

    /** It may be learnt from; a person has written the better answer. */
    public static final String EDITED = "edited";

    /** It is not learnt from. */
    public static final String REJECTED = "rejected";

    private static final List<String> REVIEWS = List.of(PENDING, ACCEPTED, EDITED, REJECTED);

    /**
     * A message.
     *
     * @param role system, user or assistant
     */
    public record Turn(String role, String content) {}

    /** What the answers came to. */
    public record Scores(double chosen, double rejected) {}

    public PreferenceLine {
        prompt = List.copyOf(prompt);
        reasons = List.copyOf(reasons);
        rules = List.copyOf(rules);
        if (prompt.isEmpty()) {
            throw new IllegalArgumentException("the prompt has no turn");
        }
        if (chosen.isBlank() || rejected.isBlank()) {
            throw new IllegalArgumentException("an answer is empty");
        }
        if (chosen.strip().equals(rejected.strip())) {
            throw new IllegalArgumentException(
                    "chosen and rejected are equal: nothing is preferred");
        }
        if (!REVIEWS.contains(review)) {
            throw new IllegalArgumentException(
                    "review is '%s', none of %s".formatted(review, REVIEWS));
        }
    }

    static List<Turn> turns(Conversation prompt) {
        return prompt.messages().stream()
                .map(message -> new Turn(message.role().text(), message.content()))
                .toList();
    }

    /** Pairs as they are made; nobody has looked at them. */
    static PreferenceLine of(
            PreferencePair pair,
            List<String> reasons,
            List<String> rules,
            Scores scores,
            Digest constitution) {
        return new PreferenceLine(
                turns(pair.prompt()),
                pair.chosen(),
                pair.rejected(),
                reasons,
                rules,
                scores,
                constitution,
                PENDING);
    }

    /** The same with what a person says of it. */
    PreferenceLine reviewed(String answer, String word) {
        return new PreferenceLine(
                prompt, answer, rejected, reasons, rules, scores, constitution, word);
    }
}
