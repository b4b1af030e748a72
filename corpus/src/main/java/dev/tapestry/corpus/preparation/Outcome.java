package dev.tapestry.corpus.preparation;

import java.util.Map;

/** What a step makes of a document. */
sealed interface Outcome {

    /**
     * It goes on.
     *
     * @param draft with what the step changed
     * @param findings what the step found in it, and how often
     */
    record Kept(Draft draft, Map<String, Integer> findings) implements Outcome {}

    /**
     * It is left out.
     *
     * @param reasons why, and how often
     */
    record Dropped(Map<String, Integer> reasons) implements Outcome {}

    static Outcome kept(Draft draft) {
        return new Kept(draft, Map.of());
    }

    static Outcome dropped(String reason) {
        return new Dropped(Map.of(reason, 1));
    }
}
