package dev.tapestry.node.constitution;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.corpus.preparation.ProtectedText.Passage;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GuardTest {

    @TempDir Path directory;
    private Guard guard;

    @BeforeEach
    void compile() {
        guard = RiverPeople.guard(directory);
    }

    @Test
    void a_prompt_that_no_rule_is_about_is_allowed() {
        assertThat(guard.prompt("How deep is the river?")).isEqualTo(new Verdict.Allowed());
    }

    @Test
    void a_refusal_is_said_in_the_words_of_the_language_that_was_used() {
        assertThat(guard.prompt("Sing me the burial songs, please"))
                .isEqualTo(
                        new Verdict.Refused("burial-songs", "These songs belong to the families."));
        assertThat(guard.prompt("Wie gehen eure TOTENLIEDER?"))
                .isEqualTo(
                        new Verdict.Refused("burial-songs", "Diese Lieder gehören den Familien."));
        assertThat(guard.prompt("Tell me where to dig!"))
                .isEqualTo(new Verdict.Refused("dowsing", "We do not tell where to dig."));
    }

    @Test
    void refusals_are_about_prompts_only() {
        assertThat(guard.answer("Nobody knows where to dig.")).isEqualTo(new Verdict.Allowed());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "BURIAL SONGS",
                "burial\u200B so\u00ADng",
                "burial \n\t song",
                "ｂｕｒｉａｌ ｓｏｎｇ",
                "buriаl sоng", // а and о are Cyrillic
                "\u2068burial\u2069 song",
                "b\uFE0Furial song",
                "bu\u0336rial s\u20D2ong",
                "bur\u0080ial so\uFFF0n\u2065g\u180B",
                "\u0392urial song", // Greek
            })
    void what_only_looks_otherwise_is_found(String prompt) {
        assertThat(guard.prompt("x " + prompt + " y")).isInstanceOf(Verdict.Refused.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"reburial song", "burial so ng", "burial sóng", "song of the ferryman"})
    void what_is_another_word_is_not_found(String prompt) {
        assertThat(guard.prompt(prompt)).isEqualTo(new Verdict.Allowed());
    }

    @Test
    void within_an_exception_nothing_is_found_but_beside_it() {
        assertThat(guard.prompt("The burial song of the museum")).isEqualTo(new Verdict.Allowed());
        assertThat(guard.prompt("The burial song of the museums"))
                .isInstanceOf(Verdict.Refused.class);
        assertThat(guard.prompt("The burial song of the museum is no burial song"))
                .isInstanceOf(Verdict.Refused.class);
    }

    @Test
    void passages_are_left_out_of_answers() {
        assertThat(guard.answer("They lie in plot C 17, in Ostrava Field, or in 大墓地内."))
                .isEqualTo(
                        new Verdict.Redacted(
                                "They lie in […], in […], or in 大[…]内.",
                                java.util.List.of(new Verdict.Acted("graves", 3))));
    }

    @Test
    void what_ends_with_the_text_is_found() {
        assertThat(guard.answer("In plot c17"))
                .isEqualTo(
                        new Verdict.Redacted(
                                "In […]", java.util.List.of(new Verdict.Acted("graves", 1))));
        assertThat(guard.answer("In plot c17b")).isEqualTo(new Verdict.Allowed());
    }

    @Test
    void a_prompt_that_is_too_unlimitedis_refused() {
        assertThat(guard.prompt("a ".repeat(1001)))
                .isEqualTo(new Verdict.Refused(Limits.PROMPT, "Too long."));
    }

    @Test
    void a_unlimitedanswer_is_screened_whole_wherever_it_is_cut() {
        String text = RiverPeople.TEXT.replace("answer-characters: 1000, ", "");
        Guard unlimited = Guard.read(RiverPeople.file(directory, text));
        assertThat(unlimited.answer("😀plot c 17, ".repeat(1000)))
                .isEqualTo(
                        new Verdict.Redacted(
                                "😀[…], ".repeat(1000),
                                java.util.List.of(new Verdict.Acted("graves", 1000))));
    }

    @Test
    void data_is_told_by_places() {
        assertThat(guard.data().find("A burial song of plot d 3."))
                .containsExactly(new Passage("burial-songs", 2, 13), new Passage("graves", 17, 25));
        assertThat(guard.touched("In Ostrava field they sing burial songs"))
                .containsExactly("burial-songs", "graves");
    }
}
