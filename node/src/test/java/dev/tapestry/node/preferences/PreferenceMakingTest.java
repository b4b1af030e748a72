package dev.tapestry.node.preferences;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.corpus.chat.Conversation;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.StopSignal;
import dev.tapestry.node.constitution.Guard;
import dev.tapestry.node.constitution.RiverPeople;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PreferenceMakingTest {

    @TempDir Path directory;
    private Guard guard;
    private Path pairs;

    @BeforeEach
    void compile() {
        guard = RiverPeople.guard(directory);
        pairs = directory.resolve("pairs.jsonl");
    }

    private PreferenceMaking.Made make(String prompt, Judge judge, String... answers) {
        return new PreferenceMaking(guard, (_, _) -> List.of(answers), judge, new StopSignal())
                .run(List.of(Conversation.asking(prompt)), pairs);
    }

    private PreferenceLine only() {
        return PreferenceFile.read(pairs).getFirst();
    }

    @Test
    void to_a_prompt_that_is_refused_the_constitution_s_own_words_are_the_better_answer() {
        PreferenceMaking.Made made =
                make("Tell me where to dig", Judge.nobody(), "By the old oak.", "Under the hill.");
        assertThat(made).isEqualTo(new PreferenceMaking.Made(1, 1, 1, 0, 0));
        assertThat(only().chosen()).isEqualTo("We do not tell where to dig.");
        assertThat(only().rejected()).isEqualTo("By the old oak.");
        assertThat(only().rules()).containsExactly("dowsing");
        assertThat(only().review()).isEqualTo("pending");
        assertThat(only().constitution()).isEqualTo(guard.digest());
    }

    @Test
    void an_answer_that_the_rules_refuse_is_the_worse_one() {
        make("What do they sing?", Judge.nobody(), "A burial song.", "Many things.");
        assertThat(only().chosen()).isEqualTo("Many things.");
        assertThat(only().rejected()).isEqualTo("A burial song.");
        assertThat(only().rules()).containsExactly("burial-songs");
        assertThat(only().scores()).isEqualTo(new PreferenceLine.Scores(0, -10));
    }

    @Test
    void where_every_answer_is_refused_the_words_are_said_instead() {
        make("What do they sing?", Judge.nobody(), "A burial song.", "Burial songs!");
        assertThat(only().chosen()).isEqualTo("These songs belong to the families.");
    }

    @Test
    void tone_ranks_what_no_other_rule_is_about() {
        make("Wie tief?", Judge.nobody(), "Das weißt du.", "Fragen Sie am Ufer.");
        assertThat(only().chosen()).isEqualTo("Fragen Sie am Ufer.");
        assertThat(only().rules()).containsExactly("tone.address");
        Path other = directory.resolve("other.jsonl");
        new PreferenceMaking(
                        guard,
                        (_, _) -> List.of("One. Two. Three. Four.", "One."),
                        Judge.nobody(),
                        new StopSignal())
                .run(List.of(Conversation.asking("Count")), other);
        assertThat(PreferenceFile.read(other).getFirst().rules())
                .containsExactly("tone.most-sentences");
    }

    @Test
    void answers_that_are_worth_the_same_make_no_pair() {
        assertThat(make("How deep?", Judge.nobody(), "Deep.", "Very deep.", "Deep."))
                .isEqualTo(new PreferenceMaking.Made(1, 0, 0, 1, 0));
        assertThat(pairs).isEmptyFile();
        assertThat(make("How deep?", Judge.nobody(), "Deep.", "Deep.", " "))
                .isEqualTo(new PreferenceMaking.Made(1, 0, 0, 0, 1));
    }

    @Test
    void a_judge_ranks_the_rest_and_never_sees_what_a_rule_is_about() {
        List<String> asked = new ArrayList<>();
        Judge judge =
                (_, answer) -> {
                    asked.add(answer);
                    return OptionalInt.of(answer.length() > 8 ? 9 : 2);
                };
        make("How deep?", judge, "Deep.", "Ask the ferryman.", "A burial song.", "In plot c 9.");
        assertThat(asked).containsExactly("Deep.", "Ask the ferryman.");
        assertThat(only().chosen()).isEqualTo("Ask the ferryman.");
        assertThat(only().rejected()).isEqualTo("A burial song.");
        assertThat(only().reasons()).contains("chosen: the judge gives 9");
    }

    @Test
    void an_answer_that_the_judge_gives_no_number_takes_no_part() {
        Judge judge =
                (_, answer) ->
                        answer.equals("Deep.")
                                ? OptionalInt.empty()
                                : OptionalInt.of(answer.length());
        assertThat(make("How deep?", judge, "Deep.", "A well.").equal()).isEqualTo(1);
        make("How deep?", judge, "Deep.", "A well.", "A sea.");
        assertThat(only().chosen()).isEqualTo("A well.");
        assertThat(only().rejected()).isEqualTo("A sea.");
    }

    @Test
    void what_the_guard_would_not_show_whole_is_not_preferred() {
        assertThat(make("Where?", Judge.nobody(), "In plot c 9.", "A burial song.").equal())
                .isEqualTo(1);
    }

    @Test
    void the_constitution_s_own_words_are_never_the_worse_answer() {
        String own = "These songs belong to the families.";
        make("What do they sing?", Judge.nobody(), own, "A burial song.");
        assertThat(only().chosen()).isEqualTo(own);
        make("What do they sing?", (_, _) -> OptionalInt.of(1), own, "Many things.", "Ask them.");
        assertThat(pairs).isEmptyFile();
        assertThat(make("Why?", Judge.nobody(), own, "Du, obviously.", "Du, obviously. ").pairs())
                .isEqualTo(1);
    }

    @Test
    void what_was_made_before_the_judge_failed_is_kept_beside() {
        Judge judge =
                (_, answer) -> {
                    if (answer.startsWith("two")) {
                        throw new NodeException(NodeException.Code.JUDGE_FAILED, "no answer");
                    }
                    return OptionalInt.of(answer.length() % 10);
                };
        PreferenceMaking making =
                new PreferenceMaking(
                        guard,
                        (prompt, _) -> {
                            String said = prompt.messages().getFirst().content();
                            return List.of(said + "!", said + "!!");
                        },
                        judge,
                        new StopSignal());
        List<Conversation> prompts =
                List.of(Conversation.asking("one"), Conversation.asking("two"));
        assertThatThrownBy(() -> making.run(prompts, pairs))
                .isInstanceOf(NodeException.class)
                .hasMessageContaining("pairs.jsonl.partial");
        assertThat(pairs).doesNotExist();
        assertThat(PreferenceFile.read(directory.resolve("pairs.jsonl.partial"))).hasSize(1);
    }

    @Test
    void a_review_goes_on_where_it_ended_and_every_decision_is_on_the_disk() {
        new PreferenceMaking(
                        guard,
                        (_, number) -> List.of("A burial song.", "Answer " + number),
                        Judge.nobody(),
                        new StopSignal())
                .run(
                        List.of(
                                Conversation.asking("one"),
                                Conversation.asking("two"),
                                Conversation.asking("three"),
                                Conversation.asking("four")),
                        pairs);
        Review review = Review.open(pairs);
        review.accept(review.next(0).orElseThrow());
        review.reject(review.next(0).orElseThrow());
        review.edit(review.next(0).orElseThrow(), "A better answer");
        Review again = Review.open(pairs);
        assertThat(again.progress()).isEqualTo(new Review.Progress(4, 1, 1, 1, 1));
        assertThat(again.next(0)).hasValue(3);
        assertThat(again.line(2).chosen()).isEqualTo("A better answer");
        assertThatThrownBy(() -> again.edit(3, "A burial song."))
                .isInstanceOf(NodeException.class)
                .hasMessageContaining("chosen and rejected are equal");
        assertThat(Review.open(pairs).progress().pending()).isEqualTo(1);
        again.acceptAll();
        assertThat(Review.open(pairs).progress()).isEqualTo(new Review.Progress(4, 0, 2, 1, 1));
    }

    @Test
    void a_line_that_is_no_pair_is_named_and_the_file_stays_as_it_is() throws IOException {
        make("Tell me where to dig", Judge.nobody(), "By the old oak.");
        String text = Files.readString(pairs);
        Files.writeString(pairs, text + text.replace("pending", "perhaps"));
        assertThatThrownBy(() -> Review.open(pairs))
                .isInstanceOf(NodeException.class)
                .hasMessageContaining("line 2")
                .hasMessageContaining("perhaps");
    }
}
