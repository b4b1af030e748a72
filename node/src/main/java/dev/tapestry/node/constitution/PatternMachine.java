package dev.tapestry.node.constitution;

import dev.tapestry.node.constitution.PatternProgram.Step;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What is the same for all texts that a program runs over: where its patterns begin, by the first
 * character. Thread-safe.
 */
final class PatternMachine {

    private static final int TABLE = 128;

    private final PatternProgram program;
    private final int[] inside;
    private final int[] atEdge;
    private final int[][] insideBy = new int[TABLE][];
    private final int[][] atEdgeBy = new int[TABLE][];

    PatternMachine(PatternProgram program) {
        this.program = program;
        this.inside = firsts(false);
        this.atEdge = firsts(true);
        for (int code = 0; code < TABLE; code++) {
            insideBy[code] = taking(inside, code);
            atEdgeBy[code] = taking(atEdge, code);
        }
    }

    private int[] firsts(boolean edge) {
        List<Integer> takes = new ArrayList<>();
        boolean[] seen = new boolean[program.size()];
        program.starts().forEach(start -> follow(start, edge, seen, takes));
        return takes.stream().mapToInt(Integer::intValue).toArray();
    }

    private void follow(int at, boolean edge, boolean[] seen, List<Integer> takes) {
        if (seen[at]) {
            return;
        }
        seen[at] = true;
        switch (program.step(at)) {
            case TAKE -> takes.add(at);
            case EDGE -> {
                if (edge) {
                    follow(at + 1, edge, seen, takes);
                }
            }
            case SPLIT -> {
                follow(at + 1, edge, seen, takes);
                follow(program.other(at), edge, seen, takes);
            }
            case JUMP -> follow(program.other(at), edge, seen, takes);
            case MATCH -> {}
        }
    }

    private int[] taking(int[] firsts, int code) {
        return Arrays.stream(firsts).filter(at -> program.takes(at, code)).toArray();
    }

    /** Where a match is reported. */
    interface Found {
        /** A pattern has matched. */
        void match(int pattern, int start, int end);
    }

    /** The program over one text. Not thread-safe. */
    final class Run {

        private final Found found;
        private final int[] marks = new int[program.size()];
        private int mark;
        private int[] places = new int[16];
        private int[] begins = new int[16];
        private int count;
        private int[] oldPlaces = new int[16];
        private int[] oldBegins = new int[16];
        private int end;
        private boolean edge;

        Run(Found found) {
            this.found = found;
        }

        /** Where the earliest match that may still come begins; the largest number for none. */
        int hold() {
            return count == 0 ? Integer.MAX_VALUE : begins[0];
        }

        void symbol(int code, int start, int itsEnd) {
            if (program.size() == 0) {
                return;
            }
            int before = turn();
            end = itsEnd;
            if (code == Folding.BOUNDARY) {
                for (int i = 0; i < before; i++) {
                    boolean waits = program.step(oldPlaces[i]) == Step.EDGE;
                    add(oldPlaces[i] + (waits ? 1 : 0), oldBegins[i], true);
                }
                edge = true;
                return;
            }
            for (int i = 0; i < before; i++) {
                int at = oldPlaces[i];
                if (program.step(at) == Step.TAKE && program.takes(at, code)) {
                    add(at + 1, oldBegins[i], false);
                }
            }
            if (code < TABLE) {
                for (int at : (edge ? atEdgeBy : insideBy)[code]) {
                    add(at + 1, start, false);
                }
            } else {
                for (int at : edge ? atEdge : inside) {
                    if (program.takes(at, code)) {
                        add(at + 1, start, false);
                    }
                }
            }
            edge = false;
        }

        private int turn() {
            int[] places0 = oldPlaces;
            int[] begins0 = oldBegins;
            oldPlaces = places;
            oldBegins = begins;
            places = places0;
            begins = begins0;
            int before = count;
            count = 0;
            mark++;
            return before;
        }

        /** Of the ways to one place the earliest is kept; it is the first to come. */
        private void add(int at, int begin, boolean atEdgeNow) {
            if (marks[at] == mark) {
                return;
            }
            marks[at] = mark;
            switch (program.step(at)) {
                case TAKE -> put(at, begin);
                case EDGE -> {
                    if (atEdgeNow) {
                        add(at + 1, begin, true);
                    } else {
                        put(at, begin);
                    }
                }
                case SPLIT -> {
                    add(at + 1, begin, atEdgeNow);
                    add(program.other(at), begin, atEdgeNow);
                }
                case JUMP -> add(program.other(at), begin, atEdgeNow);
                case MATCH -> found.match(program.other(at), begin, end);
            }
        }

        private void put(int at, int begin) {
            if (count == places.length) {
                places = Arrays.copyOf(places, 2 * count);
                begins = Arrays.copyOf(begins, 2 * count);
            }
            places[count] = at;
            begins[count++] = begin;
        }
    }
}
