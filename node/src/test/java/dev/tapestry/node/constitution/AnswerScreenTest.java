package dev.tapestry.node.constitution;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AnswerScreenTest {

    /** Of these, texts are drawn that touch rules, nearly touch them, and are cut anywhere. */
    private static final List<String> CRUMBS =
            List.of(
                    "burial",
                    " ",
                    "song",
                    "s",
                    "burial song of the museum",
                    "song of the ferry",
                    "plot ",
                    "b",
                    "12",
                    "\u0301",
                    "é",
                    "\u200B",
                    "Ostrava ",
                    "field",
                    "墓",
                    "地",
                    "😀",
                    ".",
                    "\n",
                    "Totenlied",
                    "er",
                    "ß",
                    "\uD83D",
                    "i\u0307",
                    "n",
                    "plot a 1");

    @TempDir Path directory;
    private Guard guard;

    @BeforeEach
    void compile() {
        guard = RiverPeople.guard(directory);
    }

    @Test
    void the_first_half_of_a_match_is_never_shown() {
        AnswerScreen screen = guard.answer();
        assertThat(screen.accept("Here: the bur")).isEqualTo("Here: the ");
        assertThat(screen.accept("ial so")).isEmpty();
        assertThat(screen.accept("ng, of")).isEmpty();
        assertThat(screen.refused())
                .contains(
                        new Verdict.Refused("burial-songs", "These songs belong to the families."));
        assertThat(screen.isOver()).isTrue();
        assertThat(screen.accept("more")).isEmpty();
        assertThat(screen.finish()).isEmpty();
    }

    @Test
    void what_turns_out_to_be_harmless_is_shown_at_once() {
        AnswerScreen screen = guard.answer();
        assertThat(screen.accept("The burial ")).isEqualTo("The ");
        assertThat(screen.accept("mound is ")).isEqualTo("burial mound is ");
        assertThat(screen.accept("old.")).isEqualTo("old.");
    }

    @Test
    void a_word_that_only_begins_inside_another_is_not_held_back() {
        assertThat(guard.answer().accept("a reburial, ")).isEqualTo("a reburial, ");
    }

    @Test
    void the_last_letter_waits_for_an_accent() {
        AnswerScreen screen = guard.answer();
        assertThat(screen.accept("caf")).isEqualTo("ca");
        assertThat(screen.accept("e")).isEqualTo("f");
        assertThat(screen.accept("\u0301 au")).isEqualTo("e\u0301 a");
        assertThat(screen.finish()).isEqualTo("u");
    }

    @Test
    void an_answer_ends_at_its_limit() {
        AnswerScreen screen = guard.answer();
        String shown = screen.accept("x".repeat(999)) + screen.accept("😀😀") + screen.finish();
        assertThat(shown).isEqualTo("x".repeat(999));
        assertThat(screen.acted()).containsExactly(new Verdict.Acted(Limits.ANSWER, 1));
    }

    @Test
    void where_an_answer_is_cut_off_half_a_match_is_not_shown() {
        AnswerScreen screen = guard.answer();
        String said = "x".repeat(990) + " burial songs";
        assertThat(screen.accept(said) + screen.finish()).isEqualTo("x".repeat(990) + " ");
    }

    @Test
    void however_an_answer_is_cut_the_same_is_shown() {
        sameHoweverCut(guard);
        String small = RiverPeople.TEXT.replace("answer-characters: 1000", "answer-characters: 30");
        sameHoweverCut(Guard.read(RiverPeople.file(directory, small)));
    }

    private static void sameHoweverCut(Guard guard) {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        for (int round = 0; round < 3000; round++) {
            StringBuilder text = new StringBuilder();
            for (int i = random.nextInt(25); i >= 0; i--) {
                text.append(CRUMBS.get(random.nextInt(CRUMBS.size())));
            }
            AnswerScreen whole = guard.answer();
            String expected = whole.accept(text.toString()) + whole.finish();
            AnswerScreen screen = guard.answer();
            StringBuilder shown = new StringBuilder();
            for (int at = 0; at < text.length(); ) {
                int to = Math.min(text.length(), at + random.nextInt(8));
                shown.append(screen.accept(text.substring(at, to)));
                at = to;
            }
            shown.append(screen.finish());
            String what = "seed %d, round %d: %s".formatted(seed, round, text);
            assertThat(shown.toString()).as(what).isEqualTo(expected);
            assertThat(screen.refused()).as(what).isEqualTo(whole.refused());
            assertThat(screen.acted()).as(what).isEqualTo(whole.acted());
        }
    }
}
