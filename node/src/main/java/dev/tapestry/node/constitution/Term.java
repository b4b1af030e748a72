package dev.tapestry.node.constitution;

import java.util.ArrayList;
import java.util.List;

/**
 * A term as the folded symbols that are looked for, boundaries of words among them.
 *
 * @param symbols empty where nothing is left
 */
record Term(List<Integer> symbols) {

    Term {
        symbols = List.copyOf(symbols);
    }

    /** A term as it is written, perhaps with {@code *} at an end. */
    static Term of(String written) {
        String text = written.strip();
        boolean anyStart = text.startsWith("*");
        boolean anyEnd = text.length() > 1 && text.endsWith("*");
        String bare = text.substring(anyStart ? 1 : 0, text.length() - (anyEnd ? 1 : 0)).strip();
        List<Integer> symbols = new ArrayList<>();
        Symbols read =
                new Symbols((code, _, _) -> {
                    symbols.add(code == Folding.BOUNDARY ? code : Folding.skeleton(code));
                });
        read.accept(bare);
        read.end();
        if (symbols.size() <= 2) { // the boundaries of nothing
            if (symbols.stream().allMatch(code -> code == Folding.BOUNDARY)) {
                return new Term(List.of());
            }
        }
        // The ends of a text are boundaries; a term has them only at the ends of words.
        if (anyStart || !isWord(symbols.get(1))) {
            symbols.removeFirst();
        }
        if (anyEnd || !isWord(symbols.get(symbols.size() - 2))) {
            symbols.removeLast();
        }
        return new Term(symbols);
    }

    private static boolean isWord(int symbol) {
        return symbol != Folding.BOUNDARY && Folding.kind(symbol) == Folding.Kind.WORD;
    }
}
