package dev.tapestry.node.serving;

import java.util.List;

/**
 * Ends a text that comes in pieces before the first of some strings. What may be the beginning of
 * one is held back until it is clear.
 */
final class StopStrings {

    private final List<String> stops;
    private String held = "";
    private boolean stopped;

    StopStrings(List<String> stops) {
        this.stops = List.copyOf(stops);
    }

    /** What may be said now; nothing more after a stop. */
    String put(String piece) {
        if (stopped) {
            return "";
        }
        String text = held + piece;
        int first = stops.stream().mapToInt(text::indexOf).filter(at -> at >= 0).min().orElse(-1);
        if (first >= 0) {
            stopped = true;
            held = "";
            return text.substring(0, first);
        }
        int safe = text.length() - longestBeginning(text);
        held = text.substring(safe);
        return text.substring(0, safe);
    }

    /** What was held back, now that nothing follows. */
    String end() {
        String rest = stopped ? "" : held;
        held = "";
        return rest;
    }

    /** Whether one of the strings has come. */
    boolean stopped() {
        return stopped;
    }

    /** The length of the text's longest end with which a stop begins. */
    private int longestBeginning(String text) {
        return stops.stream()
                .mapToInt(stop -> {
                    int length = Math.min(stop.length() - 1, text.length());
                    while (!text.endsWith(stop.substring(0, length))) {
                        length--;
                    }
                    return length;
                })
                .max()
                .orElse(0);
    }
}
