package dev.tapestry.corpus.preparation;

import static dev.tapestry.corpus.preparation.PreparationRefusals.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.Digest;
import dev.tapestry.corpus.CorpusException.Code;
import dev.tapestry.corpus.CorpusReader;
import dev.tapestry.corpus.PermittedUse;
import dev.tapestry.corpus.TextFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Blocks, against the reader that takes one document at a time. */
final class BlockReaderTest {

    @TempDir Path directory;

    @Test
    void documents_are_the_same_as_one_by_one_wherever_blocks_end() throws IOException {
        Random random = new Random(5);
        StringBuilder text = new StringBuilder("\uFEFF");
        while (text.length() < 5_000_000) {
            int length = random.nextInt(20) == 0 ? random.nextInt(300_000) : random.nextInt(200);
            text.append((char) ('a' + random.nextInt(26))).append("é😀 ".repeat(length / 4));
            text.append(random.nextInt(3) == 0 ? "\r\n" : "\n");
            text.append(random.nextInt(3) == 0 ? " \t\n" : "");
        }
        for (TextFormat format :
                List.of(
                        new TextFormat.Lines(),
                        new TextFormat.Paragraphs(),
                        new TextFormat.WholeFiles())) {
            Path source =
                    Sources.directory(directory.resolve(format.word()), format, "en", List.of());
            Files.writeString(source.resolve("a.txt"), text);
            List<String> expected = new ArrayList<>();
            CorpusReader.open(source, PermittedUse.EVALUATION)
                    .forEach(document -> expected.add(document.text()));
            List<String> documents = new ArrayList<>();
            List<Block.Piece> pieces = new ArrayList<>();
            BlockReader reader = new BlockReader(open(source));
            DocumentCutter cutter =
                    new DocumentCutter(new Spooled.Batch(), draft -> documents.add(draft.text()));
            reader.read(block -> {
                pieces.add((Block.Piece) block);
                cutter.cut(block);
            });
            // Line ends are the normaliser's matter.
            assertThat(documents.stream().map(one -> one.replace("\r\n", "\n").strip()).toList())
                    .isEqualTo(expected.stream().map(String::strip).toList());
            assertThat(pieces).hasSizeGreaterThan(format instanceof TextFormat.WholeFiles ? 0 : 3);
            assertThat(reader.inputs())
                    .containsExactly(
                            new Lineage.Input(
                                    "s",
                                    "a.txt",
                                    Files.size(source.resolve("a.txt")),
                                    Digest.of(Files.readAllBytes(source.resolve("a.txt")))));
        }
    }

    @Test
    void a_document_beyond_the_limit_is_refused_with_its_line() throws IOException {
        for (TextFormat format : List.of(new TextFormat.Lines(), new TextFormat.WholeFiles())) {
            Path source =
                    Sources.directory(directory.resolve(format.word()), format, "en", List.of());
            Files.writeString(
                    source.resolve("a.txt"),
                    "one\ntwo\n" + "x".repeat(CorpusReader.DEFAULT_MAX_DOCUMENT_BYTES + 10));
            assertRefused(
                    () -> new BlockReader(open(source)).read(_ -> {}),
                    Code.DOCUMENT_TOO_LARGE,
                    format instanceof TextFormat.Lines ? "line 3" : "line 1");
        }
    }

    private static OpenSource open(Path source) {
        return OpenSource.open(List.of(Source.of("s", source)), Set.of(PermittedUse.EVALUATION))
                .getFirst();
    }
}
