package dev.tapestry.corpus.preparation;

import static dev.tapestry.corpus.preparation.PreparationRefusals.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.corpus.CorpusException;
import dev.tapestry.corpus.CorpusException.Code;
import dev.tapestry.corpus.CorpusReader;
import dev.tapestry.corpus.PermittedUse;
import dev.tapestry.corpus.TextFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.Random;
import org.duckdb.DuckDBDriver;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TableReaderTest {

    private static final TextFormat CSV = new TextFormat.Csv("text", Optional.of("day"));
    private static final TextFormat PARQUET = new TextFormat.Parquet("text", Optional.of("day"));

    @TempDir Path directory;

    @Test
    void rows_of_csv_are_documents_with_their_groups() {
        Path source =
                Sources.directory(
                        directory.resolve("csv"),
                        CSV,
                        "en",
                        List.of(
                                "id,text,day",
                                "1,\"one, \"\"two\"\"\nthree\",d1",
                                "2,ţară 😀,d2",
                                "3,,d3"));
        assertThat(rows(source))
                .containsExactly(
                        new Block.Row("one, \"two\"\nthree", Optional.of("d1")),
                        new Block.Row("ţară 😀", Optional.of("d2")));
    }

    @Test
    void rows_of_parquet_are_documents_in_their_order() throws SQLException, IOException {
        Path source = parquet("SELECT 'text ' || i AS text, i % 7 AS day FROM range(10000) r(i)");
        List<Block.Row> rows = rows(source);
        assertThat(rows).hasSize(10_000);
        assertThat(rows.get(9_999)).isEqualTo(new Block.Row("text 9999", Optional.of("3")));
    }

    @Test
    void a_corpus_of_tables_says_how_it_can_be_read() {
        Path source = Sources.directory(directory.resolve("csv"), CSV, "en", List.of("text,day"));
        CorpusReader reader = CorpusReader.open(source, PermittedUse.EVALUATION);
        assertRefused(() -> reader.forEach(_ -> {}), Code.TEXT_MALFORMED, "corpus prepare");
    }

    @Test
    void a_table_without_the_column_is_refused() throws SQLException, IOException {
        Path source = parquet("SELECT 'a' AS words, 1 AS day");
        assertRefused(() -> rows(source), Code.TEXT_MALFORMED, "a.parquet", "text");
        Path csv = Sources.directory(directory.resolve("csv"), CSV, "en", List.of("a,b", "1,2"));
        assertRefused(() -> rows(csv), Code.TEXT_MALFORMED, "a.csv");
    }

    @Test
    void names_cannot_be_more_than_names() {
        TextFormat trick = new TextFormat.Csv("text\" , (SELECT 1) AS \"x", Optional.empty());
        Path source =
                Sources.directory(directory.resolve("it's"), trick, "en", List.of("text", "a"));
        assertRefused(() -> rows(source), Code.TEXT_MALFORMED, "a.csv");
        TextFormat plain = new TextFormat.Csv("text", Optional.empty());
        assertThat(
                        rows(
                                Sources.directory(
                                        directory.resolve("it's ok"),
                                        plain,
                                        "en",
                                        List.of("text", "a b"))))
                .containsExactly(new Block.Row("a b", Optional.empty()));
    }

    @Test
    void damaged_files_are_read_or_refused() throws SQLException, IOException {
        Path source = parquet("SELECT 'text ' || i AS text, i AS day FROM range(500) r(i)");
        Path file = source.resolve("a.parquet");
        byte[] good = Files.readAllBytes(file);
        Random random = new Random(3);
        int refused = 0;
        for (int round = 0; round < 60; round++) {
            byte[] bad = good.clone();
            for (int wound = 0; wound < 5; wound++) {
                bad[random.nextInt(bad.length)] = (byte) random.nextInt(256);
            }
            Files.write(file, bad);
            try {
                rows(source);
            } catch (CorpusException e) {
                assertThat(e.code())
                        .as("seed 3 round %d", round)
                        .isIn(Code.TEXT_MALFORMED, Code.DOCUMENT_TOO_LARGE);
                refused++;
            }
        }
        assertThat(refused).isPositive();
    }

    private Path parquet(String query) throws SQLException, IOException {
        Path source = Sources.directory(directory.resolve("parquet"), PARQUET, "en", List.of());
        Path file = source.resolve("a.parquet");
        Files.delete(file);
        try (Connection connection = new DuckDBDriver().connect("jdbc:duckdb:", new Properties());
                Statement statement = connection.createStatement()) {
            statement.execute("COPY (" + query + ") TO '" + file + "' (FORMAT parquet)");
        }
        return source;
    }

    private static List<Block.Row> rows(Path source) {
        List<Block.Row> rows = new ArrayList<>();
        OpenSource open =
                OpenSource.open(
                                List.of(Source.of("s", source)),
                                java.util.Set.of(PermittedUse.EVALUATION))
                        .getFirst();
        new BlockReader(open)
                .read(block -> {
                    if (block instanceof Block.Rows table) {
                        rows.addAll(table.rows());
                    }
                });
        return rows;
    }
}
