package dev.tapestry.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.node.FaultyExchange.Fault;
import dev.tapestry.node.HealthFinding.Severity;
import dev.tapestry.training.Device;
import dev.tapestry.training.TrainingException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DoctorTest {

    @TempDir Path directory;
    private Stage stage;

    @BeforeEach
    void setUp() throws IOException {
        stage = new Stage(directory).joined();
    }

    @AfterEach
    void tearDown() {
        stage.close();
    }

    private List<HealthFinding> broken(InstantSource clock) {
        return Doctor.examine(stage.home, clock).stream()
                .filter(finding -> finding.severity() == Severity.BROKEN)
                .toList();
    }

    private static InstantSource ahead(Duration by) {
        return () -> InstantSource.system().instant().plus(by);
    }

    @Test
    void a_healthy_node_is_found_healthy() {
        assertThat(Doctor.examine(stage.home, InstantSource.system(), Optional.empty()))
                .noneMatch(finding -> finding.severity() == Severity.BROKEN)
                .extracting(HealthFinding::subject)
                .containsExactly(
                        "JDK",
                        "memory",
                        "disk",
                        "engine",
                        "node.yaml",
                        "corpus card",
                        "certificate",
                        "coordinator",
                        "clock",
                        "membership");
    }

    @Test
    void what_is_wrong_is_told_with_what_to_do() throws IOException {
        Files.delete(stage.corpus.resolve("card.yaml"));
        assertThat(broken(ahead(Duration.ofHours(1))))
                .allMatch(finding -> !finding.advice().isEmpty())
                .extracting(HealthFinding::subject)
                .containsExactly("corpus card", "clock");
    }

    @Test
    void a_certificate_that_has_ended_is_told_by_its_dates() {
        stage.coordinator.clockAhead = Duration.ofDays(2);
        assertThat(broken(ahead(Duration.ofDays(2))))
                .filteredOn(finding -> finding.subject().equals("certificate"))
                .singleElement()
                .satisfies(finding -> {
                    assertThat(finding.what()).contains("EXPIRED");
                    assertThat(finding.advice()).contains("clock");
                });
    }

    @Test
    void a_certificate_that_ends_by_a_wrong_clock_only_is_a_matter_of_the_clock() {
        assertThat(broken(ahead(Duration.ofDays(2))))
                .allSatisfy(finding -> {
                    assertThat(finding.what())
                            .contains("CLOCK_SKEW", "days", "ahead of the coordinator's")
                            .doesNotContain("EXPIRED");
                    assertThat(finding.advice()).contains("NTP");
                })
                .extracting(HealthFinding::subject)
                .containsExactly("certificate", "clock");
    }

    @Test
    void a_clock_before_the_certificate_was_issued_is_wrong_whoever_can_be_asked() {
        stage.coordinator.close();
        assertThat(broken(ahead(Duration.ofDays(-3))))
                .filteredOn(finding -> finding.subject().equals("certificate"))
                .singleElement()
                .satisfies(finding ->
                        assertThat(finding.what())
                                .contains("CLOCK_SKEW", "behind the coordinator's at least"));
    }

    @Test
    void a_member_that_was_revoked_is_told_so_although_the_coordinator_answers() {
        stage.coordinator.faults =
                (method, path) -> path.equals("/v1/consortium") ? Fault.REVOKED : Fault.NONE;
        assertThat(broken(InstantSource.system()))
                .singleElement()
                .satisfies(finding -> {
                    assertThat(finding.subject()).isEqualTo("membership");
                    assertThat(finding.what()).contains("REVOKED", "you left");
                    assertThat(finding.advice()).contains("ask the steward why");
                });
    }

    @Test
    void a_certificate_that_was_replaced_is_told_apart_from_a_revoked_one() {
        stage.coordinator.faults =
                (method, path) -> path.equals("/v1/consortium") ? Fault.REPLACED : Fault.NONE;
        assertThat(broken(InstantSource.system()))
                .singleElement()
                .satisfies(finding -> {
                    assertThat(finding.what()).contains("CERTIFICATE_REPLACED", "enrolled again");
                    assertThat(finding.advice()).contains("the node that enrolled last");
                });
    }

    @Test
    void a_damaged_log_is_told_with_its_file_and_the_rest_is_looked_at_all_the_same()
            throws IOException {
        Files.writeString(stage.home.log(), "this was a log once, and is none any more");
        assertThat(Doctor.examine(stage.home, InstantSource.system()))
                .anyMatch(finding -> finding.subject().equals("coordinator"))
                .filteredOn(finding -> finding.severity() == Severity.BROKEN)
                .singleElement()
                .satisfies(finding -> {
                    assertThat(finding.what()).contains(stage.home.log().toString());
                    assertThat(finding.advice()).contains("restore it");
                });
    }

    @Test
    void a_node_that_runs_is_looked_at_without_its_log() {
        try (Node node = stage.node()) {
            assertThat(node.traffic().up()).isZero();
            assertThat(broken(InstantSource.system())).isEmpty();
        }
    }

    @Test
    void a_coordinator_that_is_away_is_told_as_such() {
        stage.coordinator.close();
        assertThat(broken(InstantSource.system()))
                .singleElement()
                .satisfies(finding -> assertThat(finding.what()).contains("cannot be reached"));
    }

    private NodeConfig onGpu(String device) {
        NodeConfig config = stage.config();
        return config.with(config.compute().withDevice(Device.of(device)));
    }

    @Test
    void a_gpu_that_libtorch_cannot_use_is_told_with_what_to_do() {
        NodeConfig config = onGpu("cuda");
        config.write(stage.home);
        assertThat(broken(InstantSource.system()))
                .singleElement()
                .satisfies(finding -> {
                    assertThat(finding.subject()).isEqualTo("device");
                    assertThat(finding.what())
                            .contains("device cuda:0: libtorch is loaded without CUDA")
                            .contains("TAPESTRY_LIBTORCH_GPU");
                    assertThat(finding.advice()).contains("device: cpu");
                });
    }

    @Test
    void a_node_does_not_open_for_a_gpu_that_is_not_here() {
        NodeConfig config = onGpu("cuda:1");
        assertThatThrownBy(() -> stage.node(config).close())
                .isInstanceOfSatisfying(
                        TrainingException.class,
                        e -> assertThat(e.code()).isEqualTo(TrainingException.Code.DEVICE))
                .hasMessageContaining("device cuda:1");
        try (Node node = stage.node()) {
            assertThat(node.traffic().up()).as("nothing is held").isZero();
        }
    }

    @Test
    void memory_is_compared_with_the_model_and_not_with_java_s_heap() throws IOException {
        Files.createDirectories(stage.home.models());
        stage.base("node/models/" + "0".repeat(64), 1);
        assertThat(Doctor.examine(stage.home, InstantSource.system()))
                .filteredOn(finding -> finding.subject().equals("memory"))
                .singleElement()
                .satisfies(finding -> assertThat(finding.what()).contains("to train the base"));
        assertThat(Machine.memory(8L << 30, 20L << 30))
                .satisfies(finding -> {
                    assertThat(finding.severity()).isEqualTo(Severity.WORTH_A_LOOK);
                    assertThat(finding.what()).contains("8,192 MiB", "20,480 MiB");
                });
        assertThat(Machine.memory(32L << 30, 20L << 30).severity()).isEqualTo(Severity.GOOD);
    }
}
