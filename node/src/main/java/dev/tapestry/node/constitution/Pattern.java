package dev.tapestry.node.constitution;

import java.util.List;
import java.util.function.IntPredicate;

/** A pattern as {@link PatternParser} has understood it. */
sealed interface Pattern {

    /** The fewest characters that it matches. */
    int least();

    /** The most characters that it matches. */
    int most();

    /** One character. */
    record One(IntPredicate of) implements Pattern {
        @Override
        public int least() {
            return 1;
        }

        @Override
        public int most() {
            return 1;
        }
    }

    /** The beginning or the end of a word. */
    record Edge() implements Pattern {
        @Override
        public int least() {
            return 0;
        }

        @Override
        public int most() {
            return 0;
        }
    }

    /** One after the other. */
    record Row(List<Pattern> parts) implements Pattern {
        public Row {
            parts = List.copyOf(parts);
        }

        @Override
        public int least() {
            return parts.stream().mapToInt(Pattern::least).reduce(0, PatternParser::bounded);
        }

        @Override
        public int most() {
            return parts.stream().mapToInt(Pattern::most).reduce(0, PatternParser::bounded);
        }
    }

    /** One of several. */
    record Choice(List<Pattern> parts) implements Pattern {
        public Choice {
            parts = List.copyOf(parts);
        }

        @Override
        public int least() {
            return parts.stream().mapToInt(Pattern::least).min().orElse(0);
        }

        @Override
        public int most() {
            return parts.stream().mapToInt(Pattern::most).max().orElse(0);
        }
    }

    /** The same so many times. */
    record Repeat(Pattern part, int from, int to) implements Pattern {
        @Override
        public int least() {
            return Math.min(PatternParser.LONGEST + 1, part.least() * from);
        }

        @Override
        public int most() {
            return Math.min(PatternParser.LONGEST + 1, part.most() * to);
        }
    }
}
