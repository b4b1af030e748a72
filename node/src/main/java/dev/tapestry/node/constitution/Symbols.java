package dev.tapestry.node.constitution;

/**
 * Cuts a text that comes in pieces into folded symbols with their places; how it is cut into pieces
 * changes nothing. A letter waits for the next character, since an accent may follow it. Not
 * thread-safe.
 */
final class Symbols {

    /** Where symbols go. */
    @FunctionalInterface
    interface Sink {
        /**
         * A symbol.
         *
         * @param code a folded code point, or {@link Folding#BOUNDARY}
         * @param start of what it stands for, in the whole text
         * @param end the place after
         */
        void symbol(int code, int start, int end);
    }

    /** More marks on one character are characters of their own. */
    private static final int LONGEST_CLUSTER = 32;

    private final Sink sink;
    private final StringBuilder cluster = new StringBuilder();
    private int clusterStart;
    private int clusterEnd;
    private int read;
    private char high;
    private boolean begun;
    private Folding.Kind lastKind = Folding.Kind.OTHER;
    private int lastCode = -1;
    private int lastEnd;

    Symbols(Sink sink) {
        this.sink = sink;
    }

    /** Takes the next piece. */
    void accept(CharSequence piece) {
        for (int i = 0; i < piece.length(); i++) {
            char unit = piece.charAt(i);
            if (high != 0) {
                char first = high;
                high = 0;
                if (Character.isLowSurrogate(unit)) {
                    code(Character.toCodePoint(first, unit), read, read + 2);
                    read += 2;
                    continue;
                }
                code(first, read, read + 1);
                read++;
            }
            if (Character.isHighSurrogate(unit)) {
                high = unit;
            } else {
                code(unit, read, read + 1);
                read++;
            }
        }
    }

    /** The text ends here. */
    void end() {
        if (high != 0) {
            code(high, read, read + 1);
            read++;
            high = 0;
        }
        flush();
        sink.symbol(Folding.BOUNDARY, read, lastEnd);
    }

    /** The first place of which no symbol was told yet. */
    int untold() {
        return cluster.isEmpty() ? read : clusterStart;
    }

    private void code(int code, int start, int end) {
        if (Folding.isIgnored(code)) {
            return;
        }
        boolean mark = Folding.isMark(code);
        if (!mark || cluster.length() >= LONGEST_CLUSTER) {
            flush();
        }
        if (cluster.isEmpty()) {
            clusterStart = start;
        }
        cluster.appendCodePoint(code);
        clusterEnd = end;
        if (!mark && !Folding.composes(code)) {
            flush();
        }
    }

    /** Tells the last character without waiting for marks; half a character waits. */
    void flush() {
        if (cluster.isEmpty()) {
            return;
        }
        int[] folded = Folding.of(cluster);
        cluster.setLength(0);
        for (int code : folded) {
            tell(code, clusterStart, clusterEnd);
        }
    }

    private void tell(int code, int start, int end) {
        if (code == ' ' && lastCode == ' ') {
            return; // any number of spaces is one
        }
        Folding.Kind kind = Folding.kind(code);
        if (!begun || kind != Folding.Kind.WORD || lastKind != Folding.Kind.WORD) {
            sink.symbol(Folding.BOUNDARY, start, lastEnd);
        }
        begun = true;
        lastKind = kind;
        lastCode = code;
        lastEnd = end;
        sink.symbol(code, start, end);
    }
}
