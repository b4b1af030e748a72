package dev.tapestry.app.example;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.node.build.BuildPlan;
import dev.tapestry.node.constitution.Guard;
import dev.tapestry.node.evaluation.Suite;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The examples of builds, and what they are made of. */
class ExampleTextsTest {

    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final Path EXAMPLES = Path.of("..", "examples");

    private final ExampleTexts texts = new ExampleTexts();

    @TempDir Path directory;

    @Test
    void what_examines_a_model_is_not_among_what_it_learns_from() throws IOException {
        texts.lay("software-chats", directory.resolve("chats"));
        texts.lay("software-pairs", directory.resolve("pairs"));
        texts.lay("software-questions", directory.resolve("questions"));
        Set<String> learnt = new HashSet<>();
        lines("chats/text.jsonl").forEach(line -> learnt.add(line.path("prompt").asString()));
        lines("pairs/text.jsonl").forEach(line -> learnt.add(line.path("prompt").asString()));
        List<JsonNode> asked = lines("questions/questions.jsonl");
        assertThat(learnt).hasSizeGreaterThan(500);
        assertThat(asked)
                .hasSizeGreaterThan(50)
                .allSatisfy(line -> {
                    assertThat(learnt).doesNotContain(line.path("question").asString());
                    assertThat(line.path("choices").size()).isEqualTo(4);
                    assertThat(line.path("answer").asInt()).isBetween(0, 3);
                });
        assertThat(Suite.open(directory.resolve("questions")).licence()).isEqualTo("Apache-2.0");
    }

    @Test
    void the_wrong_answer_of_a_pair_is_another_ones_right_answer() throws IOException {
        texts.lay("software-chats", directory.resolve("chats"));
        texts.lay("software-pairs", directory.resolve("pairs"));
        Set<String> answers = new HashSet<>();
        lines("chats/text.jsonl").forEach(line -> answers.add(line.path("completion").asString()));
        assertThat(lines("pairs/text.jsonl"))
                .allSatisfy(line -> {
                    String chosen = line.path("chosen").asString();
                    assertThat(chosen).isNotEqualTo(line.path("rejected").asString());
                    assertThat(answers).contains(chosen);
                });
    }

    @Test
    void a_text_that_lies_there_is_left_as_it_is() throws IOException {
        Files.writeString(directory.resolve("card.yaml"), "mine");
        texts.lay("software", directory);
        assertThat(directory.resolve("card.yaml")).hasContent("mine");
        assertThat(directory.resolve("text.jsonl")).doesNotExist();
    }

    @Test
    void an_unknown_text_is_refused_with_the_known_ones() {
        assertThatThrownBy(() -> texts.lay("klingon", directory))
                .hasMessageContaining("there is no text 'klingon'")
                .hasMessageContaining("finnish, finnish-chats");
    }

    @Test
    void every_example_is_a_plan_with_a_constitution_and_names_texts_that_there_are()
            throws IOException {
        try (Stream<Path> folders = Files.list(EXAMPLES)) {
            List<Path> examples = folders.filter(Files::isDirectory).sorted().toList();
            assertThat(examples)
                    .extracting(folder -> folder.getFileName().toString())
                    .containsExactly("finnish", "health", "pharmacy", "software");
            for (Path example : examples) {
                BuildPlan plan = BuildPlan.read(example.resolve("build.yaml"));
                Guard.read(example.resolve(plan.constitution().orElseThrow()));
                assertThat(plan.bundled().orElseThrow())
                        .hasSize(5)
                        .allMatch(text -> texts.names().contains(text.text()));
            }
        }
    }

    private List<JsonNode> lines(String file) throws IOException {
        return Files.readAllLines(directory.resolve(file)).stream().map(JSON::readTree).toList();
    }
}
