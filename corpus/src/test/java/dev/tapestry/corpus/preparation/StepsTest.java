package dev.tapestry.corpus.preparation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Normalisation, words and quality, each on small texts. */
final class StepsTest {

    private static final Normaliser NORMALISER = new Normaliser(new Steps.Normalisation(false));
    private static final Quality QUALITY =
            new Quality(Steps.Quality.standard(), StopWords.of(Declaration.byLanguage()));

    private static final String PROSE =
            "The committee has looked at the proposal and finds that it is sound. Members of the"
                    + " house asked for more time, and they were given a week to read the annexes."
                    + " Nobody spoke against it, though some wondered how the costs would be"
                    + " shared between the regions in the coming years of the programme.";

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '"',
            value = {
                "e\u0301, é",
                "a\\r\\nb\\rc, a\\nb\\nc",
                "a  \\t\\nb, a\\nb",
                "\\n\\n a, \" a\"",
                "a\\n\\n\\n\\nb, a\\n\\nb",
                "\uFEFFa\u200Bb\u00ADc, abc",
                "a\u00A0b\u2009c, a b c",
                "a\\0\\007b, ab",
                "a\u2028b, a\\nb",
                "\"  if (x)\", \"  if (x)\"",
                "nichts zu tun, nichts zu tun"
            })
    void what_looks_the_same_becomes_the_same(String text, String expected) {
        String normal = NORMALISER.normalised(text.translateEscapes());
        assertThat(normal).isEqualTo(expected.translateEscapes());
        assertThat(NORMALISER.normalised(normal)).isEqualTo(normal);
    }

    @Test
    void a_text_that_needs_nothing_is_not_copied() {
        Draft draft = draft("Ein Text, an dem nichts zu tun ist.\n\nÜber zwei Absätze.");
        assertThat(NORMALISER.apply(draft)).isEqualTo(new Outcome.Kept(draft, Map.of()));
        assertThat(NORMALISER.apply(draft("\u200B \n"))).isEqualTo(Outcome.dropped("empty"));
    }

    @Test
    void spaces_are_collapsed_where_somebody_asks() {
        Normaliser collapsing = new Normaliser(new Steps.Normalisation(true));
        assertThat(collapsing.normalised("a  b\t\tc\n  d")).isEqualTo("a b c\n d");
    }

    @Test
    void words_are_the_same_in_any_case_and_punctuation() {
        Words one = Words.of("Der Rat tagt heute.");
        Words other = Words.of("DER  rat — tagt, heute!");
        assertThat(one.count()).isEqualTo(4);
        assertThat(other.row(0, 4)).isEqualTo(one.row(0, 4));
        assertThat(one.row(1, 2)).isEqualTo(Words.of("rat tagt").row(0, 2));
        assertThat(one.row(0, 2)).isNotEqualTo(one.row(1, 2));
        assertThat(Words.of("言語を学ぶ").count()).isEqualTo(5);
        assertThat(Words.of("𠀀𠀁").count()).isEqualTo(2);
        assertThat(Words.of("").count()).isZero();
    }

    @Test
    void prose_passes() {
        assertThat(reason(PROSE, "en")).isEmpty();
        assertThat(reason("The identifier of the patient.", "en")).isEmpty();
    }

    @Test
    void what_is_broken_or_no_prose_is_dropped_with_its_reason() {
        assertThat(reason("too short", "en")).hasValue("too-few-words");
        assertThat(reason(PROSE.replace("a", "\uFFFD"), "en")).hasValue("replacement-characters");
        assertThat(reason(PROSE + " Lorem ipsum dolor sit amet.", "en")).hasValue("lorem-ipsum");
        assertThat(reason("12 3.5 77 1 0 4 ".repeat(10), "en")).hasValue("few-alphabetic-words");
        assertThat(reason("# a # b ... c ".repeat(10), "en")).hasValue("symbols");
        assertThat(reason("abcdefghijklmnopqrstuvwxyz".repeat(2).concat(" ").repeat(30), "en"))
                .hasValue("word-length");
        assertThat(reason("- point one two three four\n".repeat(6), "en")).hasValue("bullet-lines");
        assertThat(
                        reason(
                                "this line goes on and on with many words in it and ends so...\n"
                                        .repeat(6),
                                "en"))
                .hasValue("ellipsis-lines");
        StringBuilder menu = new StringBuilder();
        for (int i = 0; i < 30; i++) {
            menu.append("item ").append((char) ('a' + i % 26)).append(" here\n");
        }
        assertThat(reason(menu.toString(), "en")).hasValue("short-lines");
        assertThat(reason(PROSE.replaceAll("\\b(\\w)", "z$1"), "en")).hasValue("few-stop-words");
        assertThat(reason(PROSE.replaceAll("\\b(\\w)", "z$1"), "xx")).isEmpty();
    }

    @Test
    void what_repeats_itself_is_dropped_with_its_reason() {
        String line = "The members of the house came in and sat down in the hall\n";
        assertThat(reason(PROSE + "\n" + line.repeat(8), "en")).hasValue("repeated-lines");
        assertThat(reason((PROSE + "\n\n").repeat(4), "en")).hasValue("repeated-lines");
        assertThat(reason("for the win ".repeat(4).concat(PROSE.substring(0, 200)).repeat(2), "en"))
                .isPresent();
        assertThat(reason(PROSE + " And so again: " + PROSE, "en")).hasValue("repeated-rows");
    }

    private static Optional<String> reason(String text, String language) {
        return switch (QUALITY.apply(new Draft(text, Optional.empty(), language))) {
            case Outcome.Kept _ -> Optional.empty();
            case Outcome.Dropped(Map<String, Integer> reasons) ->
                    reasons.keySet().stream().findFirst();
        };
    }

    private static Draft draft(String text) {
        return new Draft(text, Optional.empty(), "de");
    }
}
