package dev.tapestry.app.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.ConsortiumEvent.RoundAbandoned;
import dev.tapestry.consortium.ConsortiumEvent.RoundRolledBack;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.log.AuditLog;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LostRoundsTest {

    @TempDir Path directory;

    @Test
    void each_round_that_gave_no_base_is_told_once_with_its_reason_while_the_log_grows() {
        Path file = directory.resolve("log.db");
        LostRounds lost = new LostRounds(file);
        assertThat(lost.news()).isEmpty();
        try (AuditLog log = AuditLog.open(file, "demo/log")) {
            append(log, new RoundAbandoned(new RoundNumber(3), "2 of 3 came", Instant.EPOCH));
            assertThat(lost.news())
                    .singleElement()
                    .extracting(LostRounds.Lost::line)
                    .isEqualTo("round 3 was given up, the base stays: 2 of 3 came");
            assertThat(lost.news()).isEmpty();
            append(log, new RoundRolledBack(new RoundNumber(5), "worse", Instant.EPOCH));
            assertThat(lost.news()).containsExactly(new LostRounds.Lost(5, "rolled back", "worse"));
        }
    }

    private static void append(AuditLog log, ConsortiumEvent event) {
        log.append(List.of(CanonicalJson.write(event)));
    }
}
