package dev.tapestry.corpus.preparation;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Finds personal data and redacts it, or drops the document. What was found is counted by pattern;
 * its content is nowhere but in the text.
 */
final class Screening implements DocumentStep {

    private final Steps.Action action;
    private final Set<PersonalPattern> patterns;

    Screening(Steps.PersonalData settings) {
        this.action = settings.action();
        this.patterns = settings.patterns();
    }

    @Override
    public String name() {
        return "personal-data";
    }

    @Override
    public Outcome apply(Draft draft) {
        List<PersonalScan.Found> found =
                new PersonalScan(draft.text())
                        .all().stream().filter(one -> patterns.contains(one.pattern())).toList();
        if (found.isEmpty()) {
            return Outcome.kept(draft);
        }
        Map<String, Integer> counts = new TreeMap<>();
        found.forEach(one -> counts.merge(one.pattern().word(), 1, Integer::sum));
        return switch (action) {
            case DROP -> new Outcome.Dropped(counts);
            case REDACT -> new Outcome.Kept(draft.withText(redacted(draft.text(), found)), counts);
        };
    }

    private static String redacted(String text, List<PersonalScan.Found> found) {
        StringBuilder redacted = new StringBuilder(text.length());
        int at = 0;
        for (PersonalScan.Found one : found) {
            redacted.append(text, at, one.start()).append(one.pattern().mark());
            at = one.end();
        }
        return redacted.append(text, at, text.length()).toString();
    }
}
