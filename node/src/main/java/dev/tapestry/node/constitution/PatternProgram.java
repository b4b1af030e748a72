package dev.tapestry.node.constitution;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;

/**
 * Patterns as the instructions of a non-deterministic automaton, for Thompson's simulation.
 * Immutable once built; thread-safe.
 */
final class PatternProgram {

    private static final int LARGEST = 3000;

    /** What an instruction does. */
    enum Step {
        /** Takes a character and goes on. */
        TAKE,
        /** Goes on at an edge of a word. */
        EDGE,
        /** Goes on here and elsewhere. */
        SPLIT,
        /** Goes on elsewhere. */
        JUMP,
        /** A pattern has matched. */
        MATCH
    }

    private final Step[] steps;
    private final IntPredicate[] sets;
    private final int[] others;
    private final List<Integer> starts;

    private PatternProgram(Writer written, List<Integer> starts) {
        this.steps = written.steps.toArray(Step[]::new);
        this.sets = written.sets.toArray(IntPredicate[]::new);
        this.others = written.others.stream().mapToInt(Integer::intValue).toArray();
        this.starts = List.copyOf(starts);
    }

    /**
     * All patterns in one program.
     *
     * @throws IllegalArgumentException if one of them is too large
     */
    static PatternProgram of(List<Pattern> patterns) {
        Writer writer = new Writer();
        List<Integer> starts = new ArrayList<>();
        for (int i = 0; i < patterns.size(); i++) {
            writer.limit = writer.steps.size() + LARGEST;
            starts.add(writer.steps.size());
            writer.write(patterns.get(i));
            writer.emit(Step.MATCH, PatternProgram::nothing, i);
        }
        return new PatternProgram(writer, starts);
    }

    /** What a step that takes no character takes. */
    private static boolean nothing(int code) {
        return false;
    }

    int size() {
        return steps.length;
    }

    Step step(int at) {
        return steps[at];
    }

    boolean takes(int at, int code) {
        return sets[at].test(code);
    }

    /** Where a split or jump goes, or which pattern has matched. */
    int other(int at) {
        return others[at];
    }

    List<Integer> starts() {
        return starts;
    }

    /** Writes instructions one after the other. */
    private static final class Writer {

        private final List<Step> steps = new ArrayList<>();
        private final List<IntPredicate> sets = new ArrayList<>();
        private final List<Integer> others = new ArrayList<>();
        private int limit;

        private void write(Pattern pattern) {
            switch (pattern) {
                case Pattern.One one -> emit(Step.TAKE, one.of(), 0);
                case Pattern.Edge _ -> emit(Step.EDGE, PatternProgram::nothing, 0);
                case Pattern.Row row -> row.parts().forEach(this::write);
                case Pattern.Choice choice -> choice(choice.parts());
                case Pattern.Repeat repeat -> {
                    for (int i = 0; i < repeat.from(); i++) {
                        write(repeat.part());
                    }
                    List<Integer> splits = new ArrayList<>();
                    for (int i = repeat.from(); i < repeat.to(); i++) {
                        splits.add(emit(Step.SPLIT, PatternProgram::nothing, 0));
                        write(repeat.part());
                    }
                    splits.forEach(split -> others.set(split, steps.size()));
                }
            }
        }

        private void choice(List<Pattern> parts) {
            List<Integer> jumps = new ArrayList<>();
            for (int i = 0; i < parts.size(); i++) {
                boolean last = i == parts.size() - 1;
                int split = last ? -1 : emit(Step.SPLIT, PatternProgram::nothing, 0);
                write(parts.get(i));
                if (!last) {
                    jumps.add(emit(Step.JUMP, PatternProgram::nothing, 0));
                    others.set(split, steps.size());
                }
            }
            jumps.forEach(jump -> others.set(jump, steps.size()));
        }

        private int emit(Step step, IntPredicate set, int other) {
            if (steps.size() >= limit) {
                throw new IllegalArgumentException("it is too large; write smaller {}, or several");
            }
            steps.add(step);
            sets.add(set);
            others.add(other);
            return steps.size() - 1;
        }
    }
}
