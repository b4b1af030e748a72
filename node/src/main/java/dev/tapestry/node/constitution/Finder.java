package dev.tapestry.node.constitution;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Looks for rules in a text that comes in pieces. A match is told once it is certain: when no match
 * or exception that begins where it does, or before, may still come. What is told, and in which
 * order, does not depend on the pieces. Not thread-safe.
 */
final class Finder {

    private final Rules rules;
    private final Consumer<List<Match>> certain;
    private final Symbols symbols;
    private final PatternMachine.Run patterns;
    private final int[] starts;
    private int node = TermAutomaton.ROOT;
    private int count;
    private int hold = Integer.MAX_VALUE;
    private final List<Match> open = new ArrayList<>();
    private final List<Match> exceptions = new ArrayList<>();

    /**
     * A finder for one text.
     *
     * @param certain takes matches that became certain together
     */
    Finder(Rules rules, Consumer<List<Match>> certain) {
        this.rules = rules;
        this.certain = certain;
        this.symbols = new Symbols(this::symbol);
        this.patterns =
                rules.patterns()
                .new Run((pattern, start, end) ->
                        open.add(
                                new Match(rules.ofPattern(pattern), start, end, rules.language())));
        this.starts = new int[Integer.highestOneBit(rules.terms().longest() + 1) << 1];
    }

    void accept(CharSequence piece) {
        symbols.accept(piece);
    }

    /** No mark follows the last character. */
    void flush() {
        symbols.flush();
    }

    void end() {
        symbols.end();
        hold = Integer.MAX_VALUE;
        settle();
    }

    /** The first place that a match which may still come could touch. */
    int hold() {
        return Math.min(hold, symbols.untold());
    }

    private void symbol(int code, int start, int end) {
        TermAutomaton terms = rules.terms();
        starts[count & starts.length - 1] = start;
        node = terms.step(node, code == Folding.BOUNDARY ? code : Folding.skeleton(code));
        for (int at = node; at != TermAutomaton.ROOT; at = terms.shorter(at)) {
            for (int term = terms.found(at); term >= 0; term = terms.same(term)) {
                found(term, end);
            }
        }
        node = terms.open(node);
        patterns.symbol(code, start, end);
        count++;
        int depth = terms.depth(node);
        hold =
                Math.min(
                        depth == 0 ? Integer.MAX_VALUE : starts[count - depth & starts.length - 1],
                        patterns.hold());
        if (!open.isEmpty()) {
            settle();
        }
        if (!exceptions.isEmpty() && open.isEmpty()) {
            exceptions.removeIf(one -> one.start() < hold);
        }
    }

    private void found(int term, int end) {
        Rules.Entry entry = rules.entry(term);
        int start = starts[count - rules.terms().length(term) + 1 & starts.length - 1];
        Match match = new Match(entry.rule(), start, end, entry.language());
        (entry.except() ? exceptions : open).add(match);
    }

    private void settle() {
        List<Match> settled = new ArrayList<>();
        for (Match match : open) {
            if (match.start() < hold) {
                settled.add(match);
            }
        }
        open.removeAll(settled);
        if (rules.exceptions()) {
            settled.removeIf(match -> exceptions.stream().anyMatch(except -> except.covers(match)));
        }
        if (!settled.isEmpty()) {
            certain.accept(settled);
        }
    }
}
