package dev.tapestry.node.evaluation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.trust.json.CanonicalJson;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What programs can check of answers. */
class CheckTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "`{\"type\":\"length\",\"unit\":\"WORDS\",\"atMost\":3}`|`It's a tie-break.`|true",
                "`{\"type\":\"length\",\"unit\":\"WORDS\",\"atLeast\":4}`|`It's a"
                        + " tie-break.`|false",
                "`{\"type\":\"length\",\"unit\":\"SENTENCES\",\"atMost\":1}`|`One. Two.`|false",
                "`{\"type\":\"length\",\"unit\":\"CHARACTERS\",\"atMost\":2}`|` 😀é `|true",
                "`{\"type\":\"contains\",\"texts\":[\"Water\",\"law\"]}`|`the LAW of water`|true",
                "`{\"type\":\"omits\",\"texts\":[\"don't\"]}`|`I don’t know`|false",
                "`{\"type\":\"starts\",\"text\":\"yes\"}`|` Yes, it is`|true",
                "`{\"type\":\"ends\",\"text\":\"thanks.\"}`|`Thanks. Bye`|false",
                "`{\"type\":\"json\",\"keys\":[\"a\"]}`|`{\"a\":1}`|true",
                "`{\"type\":\"json\",\"keys\":[\"b\"]}`|`{\"a\":1}`|false",
                "`{\"type\":\"json\"}`|`Sure: {\"a\":1}`|false",
                "`{\"type\":\"json\"}`|`{\"a\":1} and more`|false",
                "`{\"type\":\"choice\",\"letters\":\"ABCD\",\"answer\":\"B\"}`|`The answer is"
                        + " (B).`|true",
                "`{\"type\":\"choice\",\"letters\":\"ABCD\",\"answer\":\"B\"}`|`C, not B`|false",
                "`{\"type\":\"choice\",\"letters\":\"ABCD\",\"answer\":\"B\"}`|`Because`|false",
                "`{\"type\":\"script\",\"script\":\"CYRILLIC\"}`|`вода 12`|true",
                "`{\"type\":\"script\",\"script\":\"CYRILLIC\"}`|`water`|false",
                "`{\"type\":\"language\",\"tag\":\"de\"}`|`Der Rat stimmt über das Wasser und die"
                        + " Gesetze ab, bevor die Sitzung beginnt.`|true",
                "`{\"type\":\"language\",\"tag\":\"de\"}`|`The council votes on the water and the"
                        + " laws before the session begins.`|false",
            })
    void a_check_says_what_a_person_would(String check, String answer, boolean holds) {
        assertThat(
                        CanonicalJson.read(check.getBytes(StandardCharsets.UTF_8), Check.class)
                                .holds(answer))
                .isEqualTo(holds);
    }

    @Test
    void bullets_are_counted_whatever_their_sign() {
        Check two = new Check.Bullets(2);
        assertThat(two.holds("Here:\n- one\n * two\nend")).isTrue();
        assertThat(two.holds("- one\n- two\n- three")).isFalse();
        assertThat(two.holds("-one\n--two")).isFalse();
    }

    @Test
    void the_loose_reading_forgives_what_stands_around_an_answer() {
        String answer = "Sure, here it is:\n**yes**\nAnything else?";
        assertThat(InstructionSheet.variants(answer))
                .contains("yes", "**yes**", answer)
                .anyMatch(new Check.Ends("yes")::holds);
        assertThat(InstructionSheet.variants("one line")).contains("");
    }

    @Test
    void a_refusal_is_known_by_its_phrases_at_the_beginning_and_by_language() {
        SafetySheet sheet =
                new SafetySheet(
                        "s",
                        1,
                        Map.of("en", List.of("I can't help"), "de", List.of("nicht helfen")),
                        List.of());
        assertThat(sheet.refuses("Sorry, i CAN’T help with this.", Optional.of("en"))).isTrue();
        assertThat(sheet.refuses("Da kann ich nicht helfen.", Optional.of("en"))).isFalse();
        assertThat(sheet.refuses("Da kann ich nicht helfen.", Optional.empty())).isTrue();
        assertThat(sheet.refuses("x".repeat(400) + "I can't help", Optional.empty())).isFalse();
        assertThat(sheet.refuses("", Optional.empty())).isFalse();
    }

    @Test
    void the_longest_common_run_is_found_wherever_it_is() {
        assertThat(MemoryProbe.commonRun(new int[] {9, 1, 2, 3, 8}, new int[] {1, 2, 3, 4}))
                .isEqualTo(3);
        assertThat(MemoryProbe.commonRun(new int[] {1}, new int[] {2})).isZero();
        assertThat(MemoryProbe.commonRun(new int[0], new int[] {2})).isZero();
    }
}
