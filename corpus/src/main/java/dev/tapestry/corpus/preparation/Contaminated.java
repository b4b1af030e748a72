package dev.tapestry.corpus.preparation;

import dev.tapestry.corpus.CorpusException;
import dev.tapestry.corpus.CorpusException.Code;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Drops documents that share a row of words with a text of an evaluation set. A text of the set
 * that is shorter than the row, but has {@value #LEAST_WORDS} words, is looked for as a whole;
 * shorter ones are too common to tell anything.
 */
final class Contaminated implements DocumentStep {

    /** Shorter rows are found by chance. */
    static final int LEAST_WORDS = 8;

    /** 24 bytes each: some 400 MB of memory at most. */
    private static final int MOST_ROWS = 8_000_000;

    private final int words;
    private final HashCounts rows = new HashCounts(1 << 10);
    private final SortedSet<Integer> lengths = new TreeSet<>();

    Contaminated(int words) {
        this.words = words;
    }

    /** Takes a text of an evaluation set; before any document is looked at. */
    void learn(Draft evaluation) {
        Words own = evaluation.words();
        int n = Math.min(words, own.count());
        if (n < LEAST_WORDS) {
            return;
        }
        lengths.add(n);
        for (int i = 0; i + n <= own.count(); i++) {
            rows.add(own.row(i, n));
        }
        if (rows.size() > MOST_ROWS) {
            throw new CorpusException(
                    Code.PLAN_INVALID,
                    "the evaluation sets have more than %,d different rows of %d words; name smaller sets"
                            .formatted(MOST_ROWS, words));
        }
    }

    @Override
    public String name() {
        return "contamination";
    }

    @Override
    public Outcome apply(Draft draft) {
        Words own = draft.words();
        for (int n : lengths) {
            for (int i = 0; i + n <= own.count(); i++) {
                if (rows.contains(own.row(i, n))) {
                    return Outcome.dropped("evaluation-set");
                }
            }
        }
        return Outcome.kept(draft);
    }
}
