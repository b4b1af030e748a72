package dev.tapestry.corpus;

import static dev.tapestry.corpus.Refusals.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.corpus.CorpusException.Code;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CorpusReaderTest {

    private static final TextFormat LINES = new TextFormat.Lines();
    private static final TextFormat JSON = new TextFormat.JsonLines("text", Optional.of("date"));

    @TempDir Path directory;
    private Path corpus;

    @BeforeEach
    void makeCorpus() throws IOException {
        corpus = Files.createDirectory(directory.resolve("corpus"));
    }

    @Test
    void lines_are_documents_in_the_order_of_files() throws IOException {
        card(LINES);
        write("b.txt", "three\n");
        write("a.txt", "\uFEFFone\r\n\n  \ntwo ");
        write("ignored.md", "no");
        assertThat(documents())
                .containsExactly(
                        new Document("one", Optional.empty(), "a.txt", 1),
                        new Document("two ", Optional.empty(), "a.txt", 4),
                        new Document("three", Optional.empty(), "b.txt", 1));
    }

    @Test
    void paragraphs_end_at_blank_lines_and_files_at_their_end() throws IOException {
        card(new TextFormat.Paragraphs());
        write("sub/a.txt", "\n\none\nmore\n \n\ntwo\n");
        assertThat(documents())
                .containsExactly(
                        new Document("one\nmore", Optional.empty(), "sub/a.txt", 3),
                        new Document("two", Optional.empty(), "sub/a.txt", 7));
        card(new TextFormat.WholeFiles());
        assertThat(documents())
                .containsExactly(
                        new Document("\n\none\nmore\n \n\ntwo", Optional.empty(), "sub/a.txt", 1));
    }

    @Test
    void json_lines_give_their_text_and_group() throws IOException {
        card(JSON);
        write(
                "a.jsonl",
                "{\"date\":\"d1\",\"text\":\"ţară \\ud83d\\ude00\",\"x\":1}\n\n{\"text\":\"b\",\"date\":2}");
        assertThat(documents())
                .containsExactly(
                        new Document("ţară 😀", Optional.of("d1"), "a.jsonl", 1),
                        new Document("b", Optional.of("2"), "a.jsonl", 3));
    }

    @Test
    void bytes_that_are_not_utf8_are_refused_with_their_place() throws IOException {
        card(LINES);
        byte[] text = "good\nαβγ bad here\n".getBytes(StandardCharsets.UTF_8);
        for (int bad : new int[] {0xff, 0xc0, 0xe2, 0x80, 0xed}) {
            text[12] = (byte) bad;
            Files.write(corpus.resolve("a.txt"), text);
            assertRefused(this::documents, Code.TEXT_MALFORMED, "a.txt", "line 2", "offset 12");
        }
    }

    @Test
    void a_bad_json_line_is_refused_with_its_place() throws IOException {
        card(JSON);
        for (String bad :
                List.of(
                        "{",
                        "[]",
                        "7",
                        "{\"date\":1}",
                        "{\"text\":7,\"date\":1}",
                        "{\"text\":\"a\"}",
                        "{\"text\":\"a\",\"date\":{}}",
                        "{\"text\":\"\\ud83d\",\"date\":1}",
                        "{\"text\":\"a\",\"text\":\"b\",\"date\":1}",
                        "{\"text\":\"a\",\"date\":1} x",
                        "[".repeat(10_000))) {
            write("a.jsonl", "{\"text\":\"good\",\"date\":1}\n" + bad + "\n");
            assertRefused(this::documents, Code.TEXT_MALFORMED, "a.jsonl line 2", "offset 25");
        }
    }

    @Test
    void a_document_beyond_the_limit_is_refused_whatever_the_format() throws IOException {
        String longLine = "x".repeat(100);
        for (TextFormat format :
                List.of(LINES, new TextFormat.Paragraphs(), new TextFormat.WholeFiles())) {
            card(format);
            write("a.txt", "ok\n\n" + longLine + "\n");
            assertThat(documents(format instanceof TextFormat.WholeFiles ? 104 : 100)).isNotEmpty();
            assertRefused(() -> documents(99), Code.DOCUMENT_TOO_LARGE, "line ", "99 bytes");
            write("a.txt", "1234567\n".repeat(20));
            if (!format.equals(LINES)) {
                assertRefused(() -> documents(150), Code.DOCUMENT_TOO_LARGE, "line 1");
            }
        }
    }

    @Test
    void links_and_names_that_lead_elsewhere_are_refused() throws IOException {
        Path outside = Files.createDirectory(directory.resolve("outside"));
        Files.writeString(outside.resolve("secret.txt"), "secret");
        card(LINES);
        write("a.txt", "a");
        Files.createSymbolicLink(corpus.resolve("link.txt"), outside.resolve("secret.txt"));
        assertRefused(this::documents, Code.PATH_REFUSED, "link.txt", "symbolic link");
        Files.delete(corpus.resolve("link.txt"));
        Files.createSymbolicLink(corpus.resolve("folder"), outside);
        assertRefused(this::documents, Code.PATH_REFUSED, "folder", "symbolic link");
        for (String name :
                List.of(
                        "../" + outside.getFileName() + "/secret.txt",
                        outside.resolve("secret.txt").toString(),
                        "folder/secret.txt",
                        "folder/../a.txt/../../x",
                        ".",
                        "missing.txt",
                        "nul\0.txt")) {
            card(LINES, name);
            assertRefused(this::documents, Code.PATH_REFUSED);
        }
        card(LINES, "a.txt");
        assertThat(documents()).hasSize(1);
    }

    @Test
    void a_file_swapped_for_a_link_after_opening_is_not_followed() throws IOException {
        card(LINES);
        write("a.txt", "a");
        CorpusReader reader = CorpusReader.open(corpus, PermittedUse.EVALUATION);
        Files.delete(corpus.resolve("a.txt"));
        Files.createSymbolicLink(corpus.resolve("a.txt"), Path.of("card.yaml"));
        assertRefused(() -> reader.forEach(_ -> {}), Code.PATH_REFUSED, "a.txt");
    }

    @Test
    void a_corpus_without_a_text_file_is_refused() {
        card(JSON);
        assertRefused(this::documents, Code.NOTHING_TO_READ, ".jsonl");
    }

    private List<Document> documents() {
        return documents(CorpusReader.DEFAULT_MAX_DOCUMENT_BYTES);
    }

    private List<Document> documents(int limit) {
        List<Document> documents = new ArrayList<>();
        CorpusReader.open(corpus, PermittedUse.EVALUATION, limit).forEach(documents::add);
        return documents;
    }

    private void write(String name, String text) throws IOException {
        Path file = corpus.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    private void card(TextFormat format, String... files) {
        new DatasetCard(
                        "n",
                        "l",
                        DataCategory.OPEN,
                        "en",
                        "EU",
                        Set.of(PermittedUse.EVALUATION),
                        format,
                        List.of(files),
                        "")
                .write(corpus);
    }
}
