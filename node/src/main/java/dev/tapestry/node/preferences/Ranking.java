package dev.tapestry.node.preferences;

import dev.tapestry.corpus.chat.Conversation;
import dev.tapestry.corpus.chat.Message;
import dev.tapestry.node.constitution.Guard;
import dev.tapestry.node.constitution.ToneCheck;
import dev.tapestry.node.constitution.Verdict;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What an answer is worth: −10 if the constitution refuses it, −5 if it leaves passages out, −1 for
 * each fault of tone, and what the judge gives, 0 to 10, to answers that no rule is about. The
 * constitution's own words are worth 0.
 *
 * <p>The judge is shown nothing that a rule is about, wherever that rule acts: no such answer, and
 * no answer to a prompt with such a turn.
 */
final class Ranking {

    private static final double REFUSED = -10;
    private static final double REDACTED = -5;

    private final Guard guard;
    private final ToneCheck tone;
    private final Judge judge;

    Ranking(Guard guard, Judge judge) {
        this.guard = guard;
        this.tone = ToneCheck.of(guard.constitution());
        this.judge = judge;
    }

    /** Whether answers to a prompt are judged, as there is a judge and it may see the prompt. */
    boolean judges(Conversation prompt) {
        return judge.isThere()
                && prompt.messages().stream()
                        .map(Message::content)
                        .allMatch(turn -> mayBeShown(turn) && allowed(guard.answer(turn)));
    }

    private boolean mayBeShown(String text) {
        return guard.touched(text).isEmpty() && allowed(guard.prompt(text));
    }

    private static boolean allowed(Verdict verdict) {
        return verdict instanceof Verdict.Allowed;
    }

    /**
     * An answer with what it is worth.
     *
     * @param rules ids that had a say
     * @param instead the community's words, where it is refused
     * @param judged whether the judge gave a number
     * @param own whether it is the constitution's own words
     */
    record Scored(
            String answer,
            double score,
            List<String> reasons,
            List<String> rules,
            Optional<String> instead,
            boolean judged,
            boolean own) {

        /** Whether it can be compared with answers that the judge gave a number. */
        boolean comparable() {
            return judged || own || !rules.isEmpty();
        }
    }

    /**
     * What an answer is worth.
     *
     * @param judged whether answers to this prompt are: {@link #judges}
     */
    Scored of(Conversation prompt, String answer, boolean judged) {
        return guard.own(answer)
                ? new Scored(
                        answer,
                        0,
                        List.of("the constitution's own words"),
                        List.of(),
                        Optional.empty(),
                        false,
                        true)
                : scored(prompt, answer, judged);
    }

    private Scored scored(Conversation prompt, String answer, boolean asks) {
        List<String> reasons = new ArrayList<>();
        List<String> rules = new ArrayList<>();
        Optional<String> instead = Optional.empty();
        double score = 0;
        boolean judged = false;
        switch (guard.answer(answer)) {
            case Verdict.Allowed _ -> {
                OptionalInt points =
                        asks && mayBeShown(answer)
                                ? judge.score(prompt, answer)
                                : OptionalInt.empty();
                if (points.isPresent()) {
                    judged = true;
                    score += points.getAsInt();
                    reasons.add("the judge gives %d".formatted(points.getAsInt()));
                }
            }
            case Verdict.Redacted redacted -> {
                score += REDACTED;
                for (Verdict.Acted acted : redacted.acted()) {
                    rules.add(acted.rule());
                    reasons.add(acted.rule() + " leaves passages out");
                }
            }
            case Verdict.Refused refused -> {
                score += REFUSED;
                rules.add(refused.rule());
                reasons.add(refused.rule() + " refuses it");
                instead = Optional.of(refused.say());
            }
        }
        for (String fault : tone.faults(answer)) {
            score -= 1;
            rules.add(fault);
            reasons.add("it offends against " + fault);
        }
        return new Scored(answer, score, reasons, rules, instead, judged, false);
    }
}
