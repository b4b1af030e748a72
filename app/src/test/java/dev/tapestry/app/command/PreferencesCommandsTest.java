package dev.tapestry.app.command;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A constitution is tried, and pairs are reviewed, from the terminal. */
final class PreferencesCommandsTest {

    private static final Path EXAMPLE = Path.of("..", "docs", "examples", "constitution.yaml");

    @TempDir Path directory;

    private Path pairs(int count) throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < count; i++) {
            lines.append(
                    """
                    {"chosen":"good %d","constitution":"%s","prompt":[{"content":"q\\u001b[2J","role":"user"}],"reasons":["r"],"rejected":"bad","review":"pending","rules":[],"scores":{"chosen":1,"rejected":-1}}
                    """
                            .formatted(i, "0".repeat(64)));
        }
        return Files.writeString(directory.resolve("pairs.jsonl"), lines);
    }

    private static Said typed(String keys, Object... words) {
        InputStream before = System.in;
        System.setIn(new ByteArrayInputStream(keys.getBytes(UTF_8)));
        try {
            return Said.by(words);
        } finally {
            System.setIn(before);
        }
    }

    @Test
    void a_text_is_tried_as_data_as_a_prompt_and_as_an_answer() {
        assertThat(Said.ok("constitution", "check", EXAMPLE, "--try", "Where to dig: plot c 17"))
                .contains("river-people, in en, de: 2 protected domains, 1 refusals, 2 principles")
                .contains("as data    left out by graves")
                .contains("as prompt  refused by dowsing: We do not tell where to dig.")
                .contains("as answer  redacted by graves: Where to dig: […]");
    }

    @Test
    void a_pattern_without_an_end_is_refused_with_its_key() throws IOException {
        Path file = directory.resolve("constitution.yaml");
        Files.writeString(file, Files.readString(EXAMPLE).replace("{1,4}", "+"));
        Said said = Said.by("constitution", "check", file);
        assertThat(said.code()).isEqualTo(1);
        assertThat(said.err()).contains("protected-domains[1]", "+ has no end; write {1,40}");
    }

    @Test
    void each_key_does_what_it_says_and_the_next_review_goes_on() throws IOException {
        Path file = pairs(5);
        Said said = typed("a\nr\nwhat\ne\nbetter\nstill\n.\nq\n", "preferences", "review", file);
        assertThat(said.code()).isZero();
        assertThat(said.out())
                .contains("Pair 1 of 5", "a, e, r, s or q")
                .contains("5 pairs: 1 accepted, 1 edited, 1 rejected, 2 wait")
                .doesNotContain("\u001b");
        assertThat(Files.readString(file)).contains("better\\nstill");
        assertThat(typed("e\nbad\n.\ns\na\n", "preferences", "review", file).out())
                .contains("not taken: chosen and rejected are equal")
                .contains("5 pairs: 2 accepted, 1 edited, 1 rejected, 1 wait");
        assertThat(Said.ok("preferences", "review", file, "--accept-all", "--json"))
                .isEqualTo(
                        "{\"accepted\":3,\"edited\":1,\"pairs\":5,\"pending\":0,\"rejected\":1}\n");
    }

    @Test
    void an_edit_that_the_input_ends_in_is_not_taken() throws IOException {
        assertThat(typed("e\nhalf of\n", "preferences", "review", pairs(1)).out())
                .contains("not taken: the input ended", "1 wait");
    }

    @Test
    void without_a_place_for_receipts_nothing_is_sent() throws IOException {
        Path file = Files.writeString(directory.resolve("file"), "x");
        Path prompts =
                Files.writeString(directory.resolve("prompts.jsonl"), "{\"prompt\":\"How?\"}\n");
        Said said =
                Said.by(
                        "preferences",
                        "make",
                        "--constitution",
                        EXAMPLE,
                        "--model",
                        directory,
                        "--prompts",
                        prompts,
                        "--judge",
                        "http://127.0.0.1:9/v1/chat/completions",
                        "--out",
                        file.resolve("pairs.jsonl"));
        assertThat(said.code()).isNotZero();
        assertThat(said.err()).contains("cannot create " + file);
    }

    @Test
    void pairs_that_are_there_are_not_made_again() throws IOException {
        Path file = pairs(1);
        Said said =
                Said.by(
                        "preferences",
                        "make",
                        "--constitution",
                        EXAMPLE,
                        "--model",
                        directory,
                        "--prompts",
                        file,
                        "--out",
                        file);
        assertThat(said.code()).isEqualTo(1);
        assertThat(said.err()).contains("its reviews would be lost");
    }
}
