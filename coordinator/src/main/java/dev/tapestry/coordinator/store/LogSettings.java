package dev.tapestry.coordinator.store;

import dev.tapestry.coordinator.CoordinatorException;
import dev.tapestry.coordinator.CoordinatorException.Code;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.TrustException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** The key {@code log} of {@code coordinator.yaml}: where the log is. */
public sealed interface LogSettings {

    /** In the file {@code log.db} of the coordinator's directory; so if the key is left out. */
    record Sqlite() implements LogSettings {

        @Override
        public String toString() {
            return "log.db";
        }
    }

    /**
     * In a PostgreSQL server, which several coordinators may share: one leads, the others stand by.
     *
     * @param url {@code jdbc:postgresql://HOST/DATABASE}, without a password
     * @param user owner of the tables
     * @param passwordFile whose only line is the password, relative to the coordinator's directory
     * @param passwordVariable of the environment, which holds it
     * @param lease how long a leader that is silent is waited for; 15 seconds if left out
     */
    record Postgres(
            String url,
            String user,
            Optional<String> passwordFile,
            Optional<String> passwordVariable,
            Optional<Duration> lease)
            implements LogSettings {

        private static final Duration SHORTEST = Duration.ofSeconds(1);
        private static final Duration LONGEST = Duration.ofMinutes(10);
        private static final Duration USUAL = Duration.ofSeconds(15);

        public Postgres {
            Settings.require(
                    url.startsWith("jdbc:postgresql:"),
                    "log.url begins with jdbc:postgresql:, as in jdbc:postgresql://db.example.org/loom");
            Settings.require(
                    !url.contains("password="),
                    "log.url holds a password; write it into a file and name that as log.passwordFile");
            Settings.require(!user.isBlank(), "log.user names the user of the database");
            Settings.require(
                    passwordFile.isEmpty() || passwordVariable.isEmpty(),
                    "log has passwordFile and passwordVariable; leave one of them out");
            Settings.require(
                    lease.stream()
                            .allMatch(l -> l.compareTo(SHORTEST) >= 0 && l.compareTo(LONGEST) <= 0),
                    "log.lease is PT1S to PT10M");
        }

        /**
         * The server, with the password.
         *
         * @throws CoordinatorException {@code CONFIGURATION} if that is nowhere to be found
         */
        public PostgresServer server(Path directory) {
            return new PostgresServer(url, user, password(directory), lease.orElse(USUAL));
        }

        @Override
        public String toString() {
            return "%s as %s, lease %s".formatted(url, user, lease.orElse(USUAL));
        }

        private String password(Path directory) {
            if (passwordVariable.isPresent()) {
                String value = System.getenv(passwordVariable.get());
                Settings.require(
                        value != null,
                        "log.passwordVariable names %s, which the environment does not have"
                                .formatted(passwordVariable.get()));
                return String.valueOf(value);
            }
            return passwordFile.map(name -> line(directory.resolve(name))).orElse("");
        }

        private static String line(Path file) {
            try {
                return SafeFile.readSecret(file).strip();
            } catch (TrustException e) {
                throw new CoordinatorException(
                        Code.CONFIGURATION, "log.passwordFile: " + e.getMessage(), e);
            }
        }
    }
}
