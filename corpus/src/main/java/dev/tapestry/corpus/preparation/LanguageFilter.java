package dev.tapestry.corpus.preparation;

import java.util.Map;
import java.util.TreeMap;

/**
 * Drops documents, or lines of them, that are in another language than their source's. What is too
 * short to be told stays; so does everything of a source whose language cannot be told at all.
 */
final class LanguageFilter implements DocumentStep {

    private static final String MULTIPLE = "mul";

    private final Languages languages;
    private final Steps.LanguageCheck settings;

    LanguageFilter(Languages languages, Steps.LanguageCheck settings) {
        this.languages = languages;
        this.settings = settings;
    }

    @Override
    public String name() {
        return "language";
    }

    @Override
    public Outcome apply(Draft draft) {
        String wanted = draft.language();
        boolean any = wanted.equals(MULTIPLE) || wanted.equals(Languages.UNKNOWN);
        if (any) {
            String tag = sure(languages.guess(draft.text()));
            return new Outcome.Kept(draft.withLanguage(tag), Map.of(tag, 1));
        }
        if (!languages.knows(wanted)) {
            return new Outcome.Kept(draft, Map.of("cannot-be-told", 1));
        }
        return switch (settings.by()) {
            case DOCUMENT -> whole(draft, wanted);
            case PARAGRAPH -> lines(draft, wanted);
        };
    }

    private Outcome whole(Draft draft, String wanted) {
        String tag = sure(languages.guess(draft.text(), wanted));
        return fits(tag, wanted) ? Outcome.kept(draft) : Outcome.dropped(tag);
    }

    private Outcome lines(Draft draft, String wanted) {
        StringBuilder kept = new StringBuilder();
        Map<String, Integer> others = new TreeMap<>();
        for (String line : draft.text().split("\n", -1)) {
            String tag = sure(languages.guess(line, wanted));
            if (fits(tag, wanted)) {
                kept.append(line).append('\n');
            } else {
                others.merge(tag, 1, Integer::sum);
            }
        }
        if (others.isEmpty()) {
            return Outcome.kept(draft);
        }
        String text = kept.toString().strip();
        if (text.isEmpty()) {
            return Outcome.dropped("all-lines");
        }
        Map<String, Integer> findings = new TreeMap<>();
        others.forEach((tag, count) -> findings.put("lines-in-" + tag, count));
        return new Outcome.Kept(draft.withText(text), findings);
    }

    private static boolean fits(String tag, String wanted) {
        return tag.equals(Languages.UNKNOWN) || Languages.same(tag, wanted);
    }

    private String sure(Languages.Guess guess) {
        return guess.confidence() >= settings.leastConfidence() ? guess.tag() : Languages.UNKNOWN;
    }
}
