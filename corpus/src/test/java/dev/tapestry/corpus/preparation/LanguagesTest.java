package dev.tapestry.corpus.preparation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What was learnt from one text in 80 languages, on real debates in 21. */
final class LanguagesTest {

    private static Languages languages = Languages.of(new TreeMap<>());

    @BeforeAll
    static void learn() {
        languages = Languages.of(Declaration.byLanguage());
    }

    @Test
    void debates_are_told_apart() {
        Map<String, Integer> counts = new TreeMap<>();
        List<Sources.Speech> speeches = Sources.speeches(20);
        speeches.forEach(speech -> {
            Languages.Guess guess = languages.guess(speech.body());
            counts.merge(guess.confidence() > 0.5 ? guess.tag() : "und", 1, Integer::sum);
        });
        assertThat(counts.keySet())
                .contains("de", "fr", "es", "pt", "it", "nl", "sv", "da", "fi", "el", "en");
        int debated =
                List.of(
                                "bg", "cs", "da", "de", "el", "en", "es", "et", "fi", "fr", "hu",
                                "it", "lt", "lv", "nl", "pl", "pt", "ro", "sk", "sl", "sv")
                        .stream()
                        .mapToInt(tag -> counts.getOrDefault(tag, 0))
                        .sum();
        // Nobody speaks another language in that house.
        assertThat((double) debated / speeches.size()).as("%s", counts).isGreaterThan(0.99);
    }

    @Test
    void single_sentences_are_told_too() {
        assertThat(told("Der Ausschuss hat den Vorschlag gestern angenommen.")).isEqualTo("de");
        assertThat(told("La commission a adopté la proposition hier soir.")).isEqualTo("fr");
        assertThat(told("Valiokunta hyväksyi ehdotuksen eilen illalla.")).isEqualTo("fi");
        assertThat(told("Комитет вчера принял предложение о бюджете.")).isEqualTo("ru");
        assertThat(told("Комітет учора ухвалив пропозицію щодо бюджету.")).isEqualTo("uk");
        assertThat(told("委员会昨天通过了预算提案。")).isEqualTo("zh");
        assertThat(told("委員会は昨日、予算案を採択しました。")).isEqualTo("ja");
        assertThat(told("위원회는 어제 예산안을 채택했습니다.")).isEqualTo("ko");
        assertThat(languages.guess("OK").tag()).isEqualTo(Languages.UNKNOWN);
        assertThat(languages.guess("1234 5678 --- 9").tag()).isEqualTo(Languages.UNKNOWN);
    }

    @Test
    void a_filter_drops_other_languages_and_keeps_what_is_too_short() {
        LanguageFilter filter =
                new LanguageFilter(languages, new Steps.LanguageCheck(Steps.Unit.DOCUMENT, 0.5));
        String german = "Der Ausschuss hat den Vorschlag gestern angenommen.";
        String english = "The committee adopted the proposal yesterday in the evening.";
        assertThat(filter.apply(draft(german, "de"))).isInstanceOf(Outcome.Kept.class);
        assertThat(filter.apply(draft(english, "de"))).isEqualTo(Outcome.dropped("en"));
        assertThat(filter.apply(draft("Hello", "de"))).isInstanceOf(Outcome.Kept.class);
        Draft klingon = draft(german, "tlh");
        assertThat(filter.apply(klingon))
                .isEqualTo(new Outcome.Kept(klingon, Map.of("cannot-be-told", 1)));
    }

    @Test
    void lines_in_other_languages_are_taken_out_of_a_document() {
        LanguageFilter filter =
                new LanguageFilter(languages, new Steps.LanguageCheck(Steps.Unit.PARAGRAPH, 0.5));
        String german = "Der Ausschuss hat den Vorschlag gestern angenommen.";
        String english = "The committee adopted the proposal yesterday in the evening.";
        Outcome outcome = filter.apply(draft(german + "\n" + english + "\nls -l\n" + german, "de"));
        assertThat(outcome).isInstanceOf(Outcome.Kept.class);
        Outcome.Kept kept = (Outcome.Kept) outcome;
        assertThat(kept.draft().text()).isEqualTo(german + "\nls -l\n" + german);
        assertThat(kept.findings()).isEqualTo(Map.of("lines-in-en", 1));
        assertThat(filter.apply(draft(english, "de"))).isEqualTo(Outcome.dropped("all-lines"));
    }

    private static String told(String text) {
        return languages.guess(text).tag();
    }

    private static Draft draft(String text, String language) {
        return new Draft(text, Optional.empty(), language);
    }
}
