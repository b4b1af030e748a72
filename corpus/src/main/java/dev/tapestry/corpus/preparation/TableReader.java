package dev.tapestry.corpus.preparation;

import dev.tapestry.corpus.CorpusException;
import dev.tapestry.corpus.CorpusException.Code;
import dev.tapestry.corpus.Surrogates;
import dev.tapestry.corpus.TextFormat;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import org.duckdb.DuckDBDriver;

/**
 * The rows of a CSV or Parquet file, read by DuckDB within this process. It may open this one file
 * and nothing else: no other file, no network, no extension; its memory is bounded and it writes
 * nothing. For one thread.
 */
final class TableReader {

    private static final int BLOCK = 1 << 20;

    /** DuckDB's buffers for CSV are several times as long. */
    private static final int CSV_ROW = 4 << 20;

    private final OpenSource source;
    private final String file;
    private final Path path;
    private final int most;

    /**
     * A reader of one file.
     *
     * @param most bytes of a document
     */
    TableReader(OpenSource source, String file, Path path, int most) {
        this.source = source;
        this.file = file;
        this.path = path;
        this.most = most;
    }

    void read(BlockReader.Sink sink) throws IOException {
        String text = quoted(source.format().textFieldName().orElseThrow(), '"');
        Optional<String> group = source.format().groupFieldName().map(name -> quoted(name, '"'));
        String query =
                "SELECT CAST(%s AS VARCHAR)%s FROM %s"
                        .formatted(
                                text,
                                group.map(name -> ", CAST(" + name + " AS VARCHAR)").orElse(""),
                                table());
        try (Connection connection = connection();
                Statement statement = connection.createStatement()) {
            confine(statement);
            try (ResultSet rows = statement.executeQuery(query)) {
                blocks(rows, group.isPresent(), sink);
            }
        } catch (SQLException e) {
            throw new CorpusException(
                    Code.TEXT_MALFORMED,
                    "%s cannot be read as %s: %s"
                            .formatted(file, source.format().word(), firstLine(e)),
                    e);
        }
    }

    private static Connection connection() throws SQLException {
        Properties properties = new Properties();
        // Rows come as they are asked for, not all at once.
        properties.setProperty(DuckDBDriver.JDBC_STREAM_RESULTS, "true");
        return new DuckDBDriver().connect("jdbc:duckdb:", properties);
    }

    /** Before the file is opened, and for good. */
    private void confine(Statement statement) throws SQLException {
        for (String setting :
                List.of(
                        "SET autoinstall_known_extensions = false",
                        "SET autoload_known_extensions = false",
                        "SET allow_community_extensions = false",
                        "SET temp_directory = ''",
                        "SET memory_limit = '512MB'",
                        "SET threads = 1",
                        "SET allowed_paths = [" + quoted(path.toString(), '\'') + "]",
                        "SET enable_external_access = false",
                        "SET lock_configuration = true")) {
            statement.execute(setting);
        }
    }

    private String table() {
        String name = quoted(path.toString(), '\'');
        return switch (source.format()) {
            case TextFormat.Parquet _ -> "read_parquet(" + name + ")";
            case TextFormat.Csv _ ->
                    "read_csv(%s, header = true, all_varchar = true, max_line_size = %d, parallel = false)"
                            .formatted(name, Math.min(CSV_ROW, most));
            case TextFormat.Lines _,
                    TextFormat.Paragraphs _,
                    TextFormat.WholeFiles _,
                    TextFormat.JsonLines _ ->
                    throw new IllegalStateException(source.format().word() + " is no table");
        };
    }

    private void blocks(ResultSet rows, boolean grouped, BlockReader.Sink sink)
            throws SQLException, IOException {
        List<Block.Row> block = new ArrayList<>();
        long characters = 0;
        long number = 0;
        while (rows.next()) {
            number++;
            String text = rows.getString(1);
            String group = grouped ? rows.getString(2) : null;
            if (text == null) {
                continue;
            }
            check(text, number);
            if (grouped && group == null) {
                throw malformed(number, "has no value in the group-field");
            }
            block.add(new Block.Row(text, Optional.ofNullable(group)));
            characters += text.length();
            if (characters > BLOCK) {
                sink.take(new Block.Rows(source, file, List.copyOf(block)));
                block.clear();
                characters = 0;
            }
        }
        if (!block.isEmpty()) {
            sink.take(new Block.Rows(source, file, List.copyOf(block)));
        }
    }

    private void check(String text, long number) {
        if (!Surrogates.paired(text)) {
            throw malformed(number, "has half a surrogate pair");
        }
        if (text.length() > most / 4 && text.getBytes(StandardCharsets.UTF_8).length > most) {
            throw new CorpusException(
                    Code.DOCUMENT_TOO_LARGE,
                    "%s row %d is longer than the limit of %d bytes; split it"
                            .formatted(file, number, most));
        }
    }

    private CorpusException malformed(long number, String reason) {
        return new CorpusException(
                Code.TEXT_MALFORMED, "%s row %d %s".formatted(file, number, reason));
    }

    /** The other lines of its messages quote the row, which is nobody's business. */
    private static String firstLine(SQLException e) {
        String message = String.valueOf(e.getMessage());
        int end = message.indexOf('\n');
        String line = end < 0 ? message : message.substring(0, end);
        return line.length() > 200 ? "it is damaged, or not in this format" : line;
    }

    private static String quoted(String name, char quote) {
        String one = String.valueOf(quote);
        return one + name.replace(one, one + one) + one;
    }
}
