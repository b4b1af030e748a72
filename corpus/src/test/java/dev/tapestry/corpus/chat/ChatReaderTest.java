package dev.tapestry.corpus.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.corpus.CorpusException;
import dev.tapestry.corpus.CorpusException.Code;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ChatReaderTest {

    @TempDir Path directory;

    @Test
    void the_usual_forms_of_a_conversation_are_one() {
        ReadLines<Conversation> read =
                ChatReader.USUAL.conversations(
                        file(
                                """
                                {"messages":[{"role":"user","content":"Q?"},{"role":"assistant","content":"A."}]}
                                {"conversations":[{"from":"human","value":"Q?"},{"from":"gpt","value":"A."}]}

                                {"id":7,"prompt":"Q?","completion":"A."}
                                {"prompt":[{"role":"user","content":"Q?"}],"completion":[{"role":"assistant","content":"A."}]}
                                {"instruction":"Q?","input":"","output":"A."}
                                """));
        assertThat(read.values()).hasSize(5).containsOnly(Conversation.asking("Q?").answered("A."));
        assertThat(read.refused()).isEmpty();
    }

    @Test
    void malformed_lines_are_counted_and_named_by_number() {
        ReadLines<Conversation> read =
                ChatReader.USUAL.conversations(
                        file(
                                """
                                {"prompt":"Q?","completion":"A."}
                                not json
                                {"prompt":"Q?","completion":""}
                                {"messages":[{"role":"assistant","content":"A."}]}
                                {"messages":[{"role":"judge","content":"A."}]}
                                {"messages":[{"role":"user","content":"A.","tool_calls":[]}]}
                                {"messages":[{"role":"user","content":"Q?"}]}
                                {"prompt":"Q?","prompt":"Q?","completion":"A."}
                                {"text":"Q?"}
                                [1]
                                {"prompt":"\\ud83d","completion":"A."}
                                {"prompt":"Q2?","completion":"A."}
                                """));
        assertThat(read.values()).hasSize(2);
        assertThat(read.refused().stream().map(ReadLines.RefusedLine::line))
                .containsExactly(2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L, 10L, 11L);
        assertThat(read.refused().get(3).reason()).contains("judge");
        assertThat(read.refused().get(4).reason()).contains("tool_calls");
    }

    @Test
    void more_of_them_than_the_limit_refuse_the_file() {
        Path file = file("{\"prompt\":\"Q?\",\"completion\":\"A.\"}\nx\ny\nz\n");
        refused(Code.TEXT_MALFORMED, "line 2", () -> new ChatReader(2, 1000).conversations(file));
        assertThat(new ChatReader(3, 1000).conversations(file).refused()).hasSize(3);
        refused(Code.NOTHING_TO_READ, "line 1", () -> ChatReader.USUAL.preferences(file));
        refused(Code.NOTHING_TO_READ, "no line", () -> ChatReader.USUAL.prompts(file("\n\n")));
        refused(Code.DOCUMENT_TOO_LARGE, "line 1", () -> new ChatReader(9, 10).conversations(file));
    }

    @Test
    void bytes_that_are_not_utf8_are_one_more_malformed_line() throws IOException {
        Path file = directory.resolve("latin.jsonl");
        Files.write(
                file,
                "{\"prompt\":\"é\",\"completion\":\"A.\"}\n{\"prompt\":\"Q?\",\"completion\":\"A.\"}"
                        .getBytes(StandardCharsets.ISO_8859_1));
        ReadLines<Conversation> read = ChatReader.USUAL.conversations(file);
        assertThat(read.values()).hasSize(1);
        assertThat(read.refused().getFirst().reason()).contains("UTF-8");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"prompt\":\"Q?\",\"chosen\":\"A.\",\"rejected\":\"A. \"}",
                "{\"prompt\":\"Q?\",\"chosen\":\"A.\",\"rejected\":\" \"}",
                "{\"prompt\":\"Q?\",\"chosen\":\"\",\"rejected\":\"B.\"}",
                "{\"prompt\":\"\",\"chosen\":\"A.\",\"rejected\":\"B.\"}",
                "{\"prompt\":\"Q?\",\"chosen\":[{\"role\":\"user\",\"content\":\"A.\"}],\"rejected\":\"B.\"}",
                "{\"prompt\":\"Q?\",\"chosen\":\"A.\"}"
            })
    void pairs_that_prefer_nothing_are_refused_by_line_number(String line) {
        String good = "{\"prompt\":\"Q?\",\"chosen\":\"A.\",\"rejected\":\"B.\"}\n";
        ReadLines<PreferencePair> read =
                ChatReader.USUAL.preferences(file(good + line + "\n" + good));
        assertThat(read.values())
                .containsOnly(new PreferencePair(Conversation.asking("Q?"), "A.", "B."))
                .hasSize(2);
        assertThat(read.refused()).singleElement().extracting("line").isEqualTo(2L);
    }

    @Test
    void judgements_have_a_label() {
        ReadLines<JudgedAnswer> read =
                ChatReader.USUAL.judgements(
                        file(
                                """
                                {"prompt":"Q?","answer":"A.","label":true}
                                {"prompt":"Q?","completion":"B.","label":false}
                                {"prompt":"Q?","answer":"A.","label":"yes"}
                                {"prompt":"Q?","answer":"","label":true}
                                """));
        assertThat(read.values().stream().map(JudgedAnswer::desirable))
                .isEqualTo(List.of(true, false));
        assertThat(read.refused().stream().map(ReadLines.RefusedLine::line))
                .containsExactly(3L, 4L);
    }

    @Test
    void pairs_that_nobody_has_accepted_are_left_out_and_counted() {
        String pair = "{\"prompt\":\"a\",\"chosen\":\"%s\",\"rejected\":\"c\"%s}\n";
        ReadLines<PreferencePair> lines =
                ChatReader.USUAL.preferences(
                        file(
                                pair.formatted("one", "")
                                        + pair.formatted("two", ",\"review\":\"pending\"")
                                        + pair.formatted("three", ",\"review\":\"rejected\"")
                                        + pair.formatted("four", ",\"review\":\"edited\"")
                                        + pair.formatted("five", ",\"review\":\"accepted\"")
                                        + pair.formatted("six", ",\"review\":\"maybe\"")));
        assertThat(lines.values())
                .extracting(PreferencePair::chosen)
                .containsExactly("one", "four", "five");
        assertThat(lines.unreviewed()).isEqualTo(2);
        assertThat(lines.refused()).singleElement().satisfies(line -> {
            assertThat(line.line()).isEqualTo(6);
            assertThat(line.reason()).contains("maybe");
        });
    }

    @Test
    void a_file_of_which_nothing_was_accepted_says_how_to_review_it() {
        String line =
                "{\"prompt\":\"a\",\"chosen\":\"b\",\"rejected\":\"c\",\"review\":\"pending\"}\n";
        Path file = file(line.repeat(200));
        assertThatThrownBy(() -> ChatReader.USUAL.preferences(file))
                .hasMessageContaining("tapestry preferences review " + file);
    }

    private Path file(String lines) {
        try {
            return Files.writeString(Files.createTempFile(directory, "lines", ".jsonl"), lines);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static void refused(
            Code code, String said, org.assertj.core.api.ThrowableAssert.ThrowingCallable action) {
        assertThatThrownBy(action)
                .isInstanceOfSatisfying(
                        CorpusException.class, e -> assertThat(e.code()).isEqualTo(code))
                .hasMessageContaining(said);
    }
}
