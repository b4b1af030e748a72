package dev.tapestry.node.constitution;

import dev.tapestry.node.constitution.Constitution.Action;
import dev.tapestry.node.constitution.Constitution.Scope;
import java.text.BreakIterator;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SequencedMap;

/** How an answer speaks, beside how it should. Thread-safe. */
public final class ToneCheck {

    private static final String SENTENCES = "tone.most-sentences";
    private static final String FORBIDDEN = "tone.forbidden";
    private static final String ADDRESS = "tone.address";

    private final int mostSentences;
    private final Locale locale;
    private final Guard words;

    private ToneCheck(int mostSentences, Locale locale, Guard words) {
        this.mostSentences = mostSentences;
        this.locale = locale;
        this.words = words;
    }

    /** The check of a constitution's tone; one without a tone finds no fault. */
    public static ToneCheck of(Constitution constitution) {
        Optional<Tone> tone = constitution.tone();
        List<ProtectedDomain> lists = new ArrayList<>();
        tone.flatMap(Tone::forbidden)
                .filter(words -> !Wording.all(Optional.of(words)).isEmpty())
                .ifPresent(words -> lists.add(list(FORBIDDEN, words)));
        tone.flatMap(Tone::address)
                .filter(forms -> !forms.isEmpty())
                .ifPresent(forms -> lists.add(list(ADDRESS, Tone.avoided(forms))));
        Constitution words =
                new Constitution(
                        "tone",
                        constitution.languages(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.of(lists),
                        Optional.empty(),
                        Optional.empty());
        return new ToneCheck(
                tone.flatMap(Tone::mostSentences).orElse(Integer.MAX_VALUE),
                Locale.forLanguageTag(constitution.languages().getFirst()),
                Guard.of(words));
    }

    private static ProtectedDomain list(String id, SequencedMap<String, List<String>> words) {
        return new ProtectedDomain(
                id,
                "words",
                Optional.of(words),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.of(List.of(Scope.DATA)),
                Action.REDACT,
                Optional.empty());
    }

    /** The parts of the tone that an answer offends against. */
    public List<String> faults(String answer) {
        List<String> faults = new ArrayList<>(words.touched(answer));
        if (sentences(answer) > mostSentences) {
            faults.add(SENTENCES);
        }
        return faults;
    }

    private int sentences(String answer) {
        BreakIterator breaks = BreakIterator.getSentenceInstance(locale);
        breaks.setText(answer.strip());
        int count = 0;
        while (breaks.next() != BreakIterator.DONE) {
            count++;
        }
        return count;
    }
}
