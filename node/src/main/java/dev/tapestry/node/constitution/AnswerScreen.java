package dev.tapestry.node.constitution;

import dev.tapestry.node.constitution.Constitution.Action;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Lets an answer through while it is written. Only as much is held back as a match could still
 * need: of a rule that matches across pieces, nothing is shown, and where the answer is cut off for
 * its length what waits is not shown either. However the answer is cut into pieces, what is shown
 * in all is the same. Not thread-safe; one for each answer.
 */
public final class AnswerScreen {

    /** What stands in the place of a passage that is left out. */
    public static final String LEFT_OUT = "[…]";

    private final Rules rules;
    private final int most;
    private final Finder finder;
    private final StringBuilder held = new StringBuilder();
    private int shown;
    private int read;
    private final List<Span> spans = new ArrayList<>();
    private final Map<String, Integer> acted = new TreeMap<>();
    private Optional<Verdict.Refused> refused = Optional.empty();
    private int refusedAt = Integer.MAX_VALUE;
    private boolean cut;
    private boolean ended;

    /** A passage that is left out, with the rules that want it. */
    private record Span(int start, int end, List<Integer> rules) {}

    AnswerScreen(Rules rules, int most) {
        this.rules = rules;
        this.most = most;
        this.finder = new Finder(rules, this::certain);
    }

    /**
     * Takes the next piece of the answer.
     *
     * @return what may be shown now, perhaps nothing; once the answer is refused always nothing
     */
    public String accept(String piece) {
        if (isOver()) {
            return "";
        }
        int left = most - read;
        cut = piece.length() > left;
        String taken = cut ? piece.substring(0, left) : piece;
        read += taken.length();
        held.append(taken);
        finder.accept(taken);
        return cut ? cutOff() : released(finder.hold());
    }

    /** What the rest of the answer might have completed stays held, half a character too. */
    private String cutOff() {
        finder.flush();
        int hold = finder.hold();
        ended = true;
        return released(hold);
    }

    /**
     * The answer ends here.
     *
     * @return the rest that may be shown
     */
    public String finish() {
        if (ended) {
            return "";
        }
        ended = true;
        if (refused.isPresent()) {
            return "";
        }
        finder.end();
        return released(Integer.MAX_VALUE);
    }

    /** Whether nothing more will be shown: it is refused, too long, or finished. */
    public boolean isOver() {
        return ended || refused.isPresent();
    }

    /** The refusal, as soon as there is one; its words are to be said after what was shown. */
    public Optional<Verdict.Refused> refused() {
        return refused;
    }

    /** Which rules have left passages out up to now. */
    public List<Verdict.Acted> acted() {
        List<Verdict.Acted> list = new ArrayList<>();
        acted.forEach((rule, passages) -> list.add(new Verdict.Acted(rule, passages)));
        if (cut && refused.isEmpty()) {
            list.add(new Verdict.Acted(Limits.ANSWER, 1));
        }
        return list;
    }

    private void certain(List<Match> matches) {
        for (Match match : matches) {
            if (rules.rule(match.rule()).action() == Action.REDACT) {
                leaveOut(match);
            }
        }
        if (refused.isEmpty()) {
            refused =
                    matches.stream()
                            .filter(match -> rules.rule(match.rule()).action() == Action.REFUSE)
                            .min(
                                    Comparator.comparingInt(Match::start)
                                            .thenComparingInt(Match::rule)
                                            .thenComparingInt(Match::end))
                            .map(this::refusal);
        }
    }

    private Verdict.Refused refusal(Match match) {
        refusedAt = match.start();
        return new Verdict.Refused(
                rules.rule(match.rule()).id(),
                Guard.words(rules.rule(match.rule()).say(), match.language(), rules.language()));
    }

    private void leaveOut(Match match) {
        int start = match.start();
        int end = match.end();
        List<Integer> wanted = new ArrayList<>(List.of(match.rule()));
        for (Span span : spans) {
            if (span.start() < end && start < span.end()) {
                start = Math.min(start, span.start());
                end = Math.max(end, span.end());
                wanted.addAll(span.rules());
            }
        }
        Span merged = new Span(start, end, wanted.stream().distinct().sorted().toList());
        spans.removeIf(span -> span.start() < merged.end() && merged.start() < span.end());
        spans.add(merged);
        spans.sort(Comparator.comparingInt(Span::start));
    }

    /** What lies before {@code hold}, without what is left out. */
    private String released(int hold) {
        int safe = Math.min(Math.min(hold, refusedAt), read);
        StringBuilder out = new StringBuilder();
        while (!spans.isEmpty() && spans.getFirst().start() < safe) {
            Span span = spans.getFirst();
            show(out, span.start());
            if (span.end() > safe) {
                return out.toString();
            }
            out.append(LEFT_OUT);
            span.rules().forEach(rule -> acted.merge(rules.rule(rule).id(), 1, Integer::sum));
            held.delete(0, span.end() - shown);
            shown = span.end();
            spans.removeFirst();
        }
        show(out, safe);
        return out.toString();
    }

    private void show(StringBuilder out, int until) {
        if (until > shown) {
            out.append(held, 0, until - shown);
            held.delete(0, until - shown);
            shown = until;
        }
    }
}
