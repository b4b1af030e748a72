package dev.tapestry.app.chaos.disk;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sqlite.SQLiteConfig;

/** A log's writer can be ended on either side of the moment from which on an entry is there. */
final class CommitWatchTest {

    private static final int KILLED = 137;
    private static final int COMMITS = 4;

    @TempDir Path folder;

    @Test
    void a_writer_ends_before_its_third_commit_or_behind_it_before_it_knows()
            throws IOException, InterruptedException, SQLException {
        assertThat(rowsAfter(DiskOperation.COMMIT, "before")).isEqualTo(2);
        assertThat(rowsAfter(DiskOperation.ANSWER, "behind")).isEqualTo(3);
    }

    private int rowsAfter(DiskOperation operation, String name)
            throws IOException, InterruptedException, SQLException {
        Path control = Files.createDirectories(folder.resolve(name + "-control"));
        Path root = Files.createDirectories(folder.resolve(name));
        DiskOrder order = new DiskOrder(DiskFault.KILL, operation, "log.db", 3, 0);
        Files.writeString(control.resolve("order"), order.line());
        Path log = root.resolve("log.db");
        List<String> words = new ArrayList<>();
        words.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        words.add("--enable-native-access=ALL-UNNAMED");
        words.addAll(FailingDiskProvider.options(control, root));
        words.addAll(List.of("-cp", System.getProperty("java.class.path")));
        words.addAll(List.of(Writer.class.getName(), log.toString()));
        Process writer =
                new ProcessBuilder(words)
                        .redirectErrorStream(true)
                        .redirectOutput(folder.resolve(name + ".out").toFile())
                        .start();
        assertThat(writer.waitFor(1, TimeUnit.MINUTES)).isTrue();
        assertThat(writer.exitValue())
                .as(Files.readString(folder.resolve(name + ".out")))
                .isEqualTo(KILLED);
        assertThat(control.resolve("report")).hasContent("KILL %s log.db".formatted(operation));
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + log);
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT count(*) FROM entries")) {
            return rows.getInt(1);
        }
    }

    /** Commits so many rows, one by one. */
    static final class Writer {
        private Writer() {}

        /** The process. */
        public static void main(String[] arguments) throws SQLException {
            String url = "jdbc:sqlite:" + arguments[0];
            try (Connection connection = new SQLiteConfig().createConnection(url);
                    Statement statement = connection.createStatement()) {
                statement.execute("CREATE TABLE entries(position INTEGER)");
                connection.setAutoCommit(false);
                for (int row = 0; row < COMMITS; row++) {
                    statement.execute("INSERT INTO entries VALUES(" + row + ")");
                    connection.commit();
                }
            }
        }
    }
}
