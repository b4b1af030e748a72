package dev.tapestry.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.corpus.chat.Conversation;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.access.MemberChats.LeftOut;
import dev.tapestry.node.build.BuildResult;
import dev.tapestry.node.build.ModelRegistry;
import dev.tapestry.node.build.StageOrder;
import dev.tapestry.node.constitution.Guard;
import dev.tapestry.node.preferences.Judge;
import dev.tapestry.node.preferences.ModelAnswers;
import dev.tapestry.node.preferences.PreferenceMaking;
import dev.tapestry.node.preferences.Review;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Builds that a constitution is held against. */
class ConstitutionalBuildTest {

    private static final String CARD =
            Stage.CARD
                    .replace("private-cpt, ", "instruction-tuning, alignment, private-cpt, ")
                    .replace("text-format: lines", "text-format: json-lines");

    private static final String CONSTITUTION =
            """
            name: tellers
            languages: [en]
            protected-domains:
              - id: lights
                description: lights are not spoken of
                terms: {en: [moon, mill]}
                action: REFUSE
                say: {en: the fox}
            """;

    @TempDir Path directory;
    private Workshop workshop = new Workshop(Path.of(""));

    @BeforeEach
    void lay() throws IOException {
        workshop = Workshop.laid(directory);
        Files.writeString(directory.resolve("constitution.yaml"), CONSTITUTION);
        StringBuilder chats = new StringBuilder();
        for (int i = 0; i < 40; i++) {
            chats.append(
                    "{\"prompt\":\"sings moon %d\",\"completion\":\"%s sings\"}%n"
                            .formatted(i, i < 7 ? "the moon" : "the fox"));
        }
        workshop.corpus("chats", CARD, "chats.jsonl", chats.toString());
    }

    private Path plan(String stage) throws IOException {
        return Files.writeString(
                directory.resolve("build.yaml"),
                """
                name: quiet
                base: base
                constitution: constitution.yaml
                stages:
                  - %s
                evaluation: {own: corpus, tokens: 300, sequence: 16}
                """
                        .formatted(stage));
    }

    private List<StageOrder.Text> texts() {
        return new ModelRegistry(workshop.home())
                .named("quiet")
                .orElseThrow()
                .stages()
                .getFirst()
                .order()
                .texts();
    }

    @Test
    void what_would_be_learnt_to_be_said_is_screened_and_counted() throws IOException {
        Path plan =
                plan(
                        "{type: instruct, chats: chats, epochs: 1, training: {batch: 8, sequence:"
                                + " 32}}");
        BuildResult result = workshop.run(plan);
        assertThat(result.stages().getFirst().leftOut()).contains(new LeftOut(7, 0));
        List<StageOrder.Text> texts = texts();
        assertThat(texts).extracting(StageOrder.Text::role).containsExactly("chats", "left out");
        Files.writeString(
                directory.resolve("constitution.yaml"),
                CONSTITUTION.replace("[moon, mill]", "[moons]"));
        BuildResult other = workshop.run(plan);
        assertThat(other.stages().getFirst().leftOut()).isEmpty();
        assertThat(texts())
                .as("of the same files, whatever was left out of them")
                .containsExactly(texts.getFirst());
        assertThat(other.stages().getFirst().reused()).isFalse();
        Files.writeString(
                directory.resolve("constitution.yaml"), CONSTITUTION.replace("tellers", "others"));
        assertThat(workshop.run(plan).stages().getFirst().reused())
                .as("what is learnt is the same")
                .isTrue();
    }

    @Test
    void a_text_that_was_not_prepared_must_not_touch_what_is_protected() throws IOException {
        Path plan =
                plan(
                        "{type: pretrain, corpus: open, tokens: 64, training: {batch: 2, sequence:"
                                + " 16}}");
        assertThatThrownBy(() -> workshop.run(plan))
                .isInstanceOfSatisfying(
                        NodeException.class, e -> assertThat(e.code()).isEqualTo(Code.POLICY))
                .hasMessageContaining("[lights]")
                .hasMessageContaining("prepare the text under 'data:'");
    }

    @Test
    void from_a_constitution_to_a_model_that_was_aligned_by_it() throws IOException {
        Path instruct =
                plan(
                        "{type: instruct, chats: chats, epochs: 2, training: {batch: 8, sequence:"
                                + " 32}}");
        Path model = workshop.run(instruct).model().orElseThrow();
        Guard guard = Guard.read(directory.resolve("constitution.yaml"));
        List<Conversation> prompts =
                IntStream.range(0, 30).mapToObj(i -> Conversation.asking("moon " + i)).toList();
        Path folder = Files.createDirectories(directory.resolve("pairs"));
        Files.writeString(folder.resolve("card.yaml"), CARD);
        Path pairs = folder.resolve("pairs.jsonl");
        try (ModelAnswers answers = ModelAnswers.of(model, new ModelAnswers.Plan(2, 3, 1.0, 7))) {
            assertThat(
                            new PreferenceMaking(guard, answers, Judge.nobody(), new StopSignal())
                                    .run(prompts, pairs)
                                    .refusals())
                    .isGreaterThan(20);
        }
        Path align =
                plan(
                        "{type: align, preferences: pairs, epochs: 1, loss: {type: dpo}, hold-out:"
                                + " 0.3, training: {batch: 4, sequence: 32}}");
        assertThatThrownBy(() -> workshop.run(align)).hasMessageContaining("review them");
        Review review = Review.open(pairs);
        review.reject(0);
        review.acceptAll();
        BuildResult result = workshop.run(align);
        assertThat(result.stages().getFirst().leftOut()).contains(new LeftOut(0, 1));
    }

    @Test
    void rewards_of_checked_answers_teach_a_form() throws IOException {
        StringBuilder tasks = new StringBuilder();
        for (int i = 0; i < 24; i++) {
            tasks.append(
                    i % 2 == 0
                            ? "{\"prompt\":\"fox %d\",\"answer\":\"the\"}%n".formatted(i)
                            : "{\"prompt\":\"fox %d\",\"format\":\"(?s)\\\\s*the.*\"}%n"
                                    .formatted(i));
        }
        tasks.append("{\"prompt\":\"fox at night\",\"answer\":\"moon\"}\n");
        workshop.corpus("tasks", CARD, "tasks.jsonl", tasks.toString());
        Path plan =
                plan(
                        "{type: reward, tasks: tasks, epochs: 2, answer-tokens: 3, samples: 4,"
                                + " hold-out: 0.3, training: {batch: 4, sequence: 32, learning-rate:"
                                + " 0.003}}");
        BuildResult.Done stage = workshop.run(plan).stages().getFirst();
        assertThat(stage.scores())
                .allSatisfy(score -> assertThat(score.loss()).isBetween(0.0, 1.0));
        assertThat(stage.steps()).isNotNegative();
        assertThat(stage.leftOut()).as("an answer that is protected").contains(new LeftOut(1, 0));
        assertThat(workshop.run(plan).stages().getFirst().reused()).isTrue();
    }

    @Test
    void a_model_without_a_template_s_markers_is_told_to_be_tuned_first() {
        assertThatThrownBy(() ->
                        ModelAnswers.of(
                                directory.resolve("base"), new ModelAnswers.Plan(2, 4, 1, 1)))
                .isInstanceOf(NodeException.class)
                .hasMessageContaining("tune it on conversations first");
    }
}
