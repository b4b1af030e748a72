package dev.tapestry.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.Digest;
import dev.tapestry.node.HealthFinding.Severity;
import dev.tapestry.node.NodeUpdate.Hindered;
import dev.tapestry.node.round.NodeAgent.Until;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A node whose connections fail by the dates of certificates. */
@Timeout(120)
class WrongDatesTest {

    private static final Duration NINE_DAYS = Duration.ofDays(9);

    @TempDir Path directory;
    private Stage stage;

    @BeforeEach
    void setUp() throws IOException {
        stage = new Stage(directory);
    }

    @AfterEach
    void tearDown() {
        stage.close();
    }

    /** Everything is as it was nine days ago, but for this machine's clock. */
    private void thisClockIsNineDaysAhead() {
        stage.coordinator.age = NINE_DAYS;
        stage.joined();
        stage.coordinator.showsOneIssued(Instant.now().minus(NINE_DAYS));
        stage.coordinator.clockAhead = NINE_DAYS.negated();
    }

    /** What hinders the node until the coordinator shows a certificate that is valid. */
    private List<String> hindrances() throws IOException {
        Digest base = stage.coordinator.adopt(stage.base("base", 1));
        stage.coordinator.announce(Stage.plan(1, base), 1);
        stage.watch(update -> {
            if (update instanceof Hindered hindered && hindered.failures() == 2) {
                stage.coordinator.showsOneIssued(Instant.now());
            }
        });
        try (Node node = stage.node()) {
            node.agent().run(Until.noRun());
        }
        return stage.updates.stream()
                .filter(Hindered.class::isInstance)
                .map(update -> ((Hindered) update).code() + " " + ((Hindered) update).reason())
                .toList();
    }

    @Test
    void a_node_goes_on_once_the_coordinators_certificate_is_renewed() throws IOException {
        stage.joined();
        stage.coordinator.showsOneIssued(Instant.now().minus(NINE_DAYS));
        assertThat(hindrances())
                .hasSize(2)
                .allSatisfy(why -> assertThat(why).startsWith("TLS EXPIRED"));
        assertThat(stage.coordinator.scores).hasSize(1);
    }

    @Test
    void a_node_goes_on_once_a_clock_is_set() throws IOException {
        stage.joined();
        // A coordinator whose clock was nine days behind when it was started, and has been set.
        stage.coordinator.showsOneIssued(Instant.now().plus(NINE_DAYS));
        stage.coordinator.clockAhead = NINE_DAYS.plusHours(1);
        assertThat(hindrances())
                .hasSize(2)
                .allSatisfy(why -> assertThat(why).contains("NOT_YET_VALID"));
        assertThat(stage.coordinator.scores).hasSize(1);
    }

    @Test
    void the_doctor_does_not_send_for_a_token_where_a_clock_is_wrong() {
        thisClockIsNineDaysAhead();
        assertThat(Doctor.examine(stage.home, InstantSource.system()))
                .filteredOn(finding -> finding.severity() == Severity.BROKEN)
                .allSatisfy(finding -> {
                    assertThat(finding.what()).contains("CLOCK_SKEW");
                    assertThat(finding.advice()).doesNotContain("enrol");
                })
                .extracting(HealthFinding::subject)
                .containsExactly("certificate", "clock");
    }
}
