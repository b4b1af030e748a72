package dev.tapestry.coordinator.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;
import dev.tapestry.trust.log.AuditLog;
import dev.tapestry.trust.log.LogStore;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;

final class SqliteLogTest extends LogContract {

    @TempDir Path directory;

    private Path file() {
        return directory.resolve("log.db");
    }

    @Override
    AuditLog writer(String origin) {
        return AuditLog.open(file(), origin);
    }

    @Override
    LogStore reader() {
        return LogStore.readable(file());
    }

    @Override
    String secondWriter() {
        TrustException refusal =
                catchThrowableOfType(TrustException.class, () -> AuditLog.open(file(), ORIGIN));
        assertThat(refusal.code()).isEqualTo(Code.LOG_IN_USE);
        return String.valueOf(refusal.getMessage());
    }

    @Override
    List<String> place() {
        return List.of(file().toString());
    }
}
