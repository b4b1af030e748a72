package dev.tapestry.coordinator;

import dev.tapestry.coordinator.store.LogSettings;
import dev.tapestry.coordinator.store.PostgresLogStore;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.log.LogStore;
import java.nio.file.Files;
import java.nio.file.Path;

/** The log of a coordinator, wherever its configuration says that it is, for reading. */
public final class CoordinatorLog {

    private CoordinatorLog() {}

    /** Whether a directory is a coordinator's, or holds a copy of one's {@code log.db}. */
    public static boolean isIn(Path directory) {
        return Files.exists(new CoordinatorDirectory(directory).log())
                || settings(directory) instanceof LogSettings.Postgres;
    }

    /**
     * Refuses a directory in which no consortium was founded.
     *
     * @param hint what the refusal ends with
     * @throws CoordinatorException {@code DIRECTORY}
     */
    static void requireIn(Path directory, String hint) {
        if (!isIn(directory)) {
            throw new CoordinatorException(
                    CoordinatorException.Code.DIRECTORY, directory + " holds no consortium" + hint);
        }
    }

    /**
     * Opens it, also while the coordinator runs.
     *
     * @param directory a coordinator's, or one with a copy of its {@code log.db}
     * @throws TrustException {@code LOG_UNREADABLE}, {@code STORAGE}
     */
    public static LogStore open(Path directory) {
        return switch (settings(directory)) {
            case LogSettings.Sqlite _ ->
                    LogStore.readable(new CoordinatorDirectory(directory).log());
            case LogSettings.Postgres settings ->
                    PostgresLogStore.readable(settings.server(directory));
        };
    }

    /** A copy of a log alone has no configuration. */
    private static LogSettings settings(Path directory) {
        return Files.exists(new CoordinatorDirectory(directory).config())
                ? CoordinatorConfig.read(directory).log()
                : new LogSettings.Sqlite();
    }
}
