package dev.tapestry.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.node.Enrolment.Outcome;
import dev.tapestry.node.FaultyExchange.Fault;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.trust.enrolment.EnrolmentToken;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EnrolmentTest {

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

    @Test
    void a_token_makes_a_directory_a_node_and_a_second_time_says_so() {
        String token = stage.coordinator.invite().text();
        assertThat(stage.enrolment().join(stage.home, token)).isInstanceOf(Outcome.Joined.class);
        assertThat(stage.enrolment().join(stage.home, token))
                .isInstanceOf(Outcome.JoinedBefore.class);
        assertThat(stage.coordinator.count("POST", "/v1/enrolments")).isEqualTo(1);
        assertThat(Membership.of(stage.home).coordinator()).isEqualTo(stage.coordinator.address());
    }

    @Test
    void an_enrolment_that_was_refused_on_the_way_can_be_repeated() {
        String token = stage.coordinator.invite().text();
        stage.coordinator.faults = (method, path) -> Fault.REVOKED;
        assertThatThrownBy(() -> stage.enrolment().join(stage.home, token))
                .isInstanceOf(NodeException.class);
        stage.coordinator.faults = (method, path) -> Fault.NONE;
        assertThat(stage.enrolment().join(stage.home, token)).isInstanceOf(Outcome.Joined.class);
    }

    @Test
    void a_used_token_is_refused_with_the_coordinator_s_words() {
        String token = stage.coordinator.invite().text();
        stage.enrolment().join(stage.home, token);
        NodeHome other = new NodeHome(directory.resolve("other"));
        assertThatThrownBy(() -> stage.enrolment().join(other, token))
                .hasMessageContaining("TOKEN_UNKNOWN");
    }

    @Test
    void a_server_of_another_authority_gets_nothing() {
        EnrolmentToken real = stage.coordinator.invite();
        EnrolmentToken pinned =
                new EnrolmentToken(
                        real.coordinator(),
                        Digest.of(new byte[] {1}),
                        real.member(),
                        real.secret());
        assertThatThrownBy(() -> stage.enrolment().join(stage.home, pinned.text()))
                .isInstanceOfSatisfying(
                        NodeException.class, e -> assertThat(e.code()).isEqualTo(Code.TLS));
        assertThat(stage.coordinator.requests).isEmpty();
    }

    private Enrolment later(Duration by) {
        return new Enrolment(
                Optional.empty(),
                () -> InstantSource.system().instant().plus(by),
                Stage.impatient(),
                outage -> {});
    }

    private String certificate() throws IOException {
        return Files.readString(stage.home.identity().resolve("certificate.pem"));
    }

    @Test
    void a_new_token_enrols_a_node_again_with_the_keys_that_it_has() throws IOException {
        stage.joined();
        String certificate = certificate();
        String signingKey = Files.readString(stage.home.signingKey());
        String second = stage.coordinator.invite().text();
        assertThat(stage.enrolment().join(stage.home, second)).isInstanceOf(Outcome.Joined.class);
        assertThat(certificate()).isNotEqualTo(certificate);
        assertThat(Files.readString(stage.home.signingKey())).isEqualTo(signingKey);
        assertThat(stage.enrolment().join(stage.home, second))
                .isInstanceOf(Outcome.JoinedBefore.class);
    }

    @Test
    void a_certificate_that_has_ended_is_replaced_with_a_new_token_and_not_with_the_old_one() {
        String used = stage.coordinator.invite().text();
        stage.enrolment().join(stage.home, used);
        Enrolment late = later(Duration.ofDays(2));
        assertThatThrownBy(() -> late.join(stage.home, used))
                .as("by the coordinator's clock it has not ended")
                .isInstanceOfSatisfying(
                        NodeException.class, e -> assertThat(e.code()).isEqualTo(Code.CLOCK_SKEW))
                .hasMessageContaining("ahead of the coordinator's");
        stage.coordinator.clockAhead = Duration.ofDays(2);
        assertThatThrownBy(() -> late.join(stage.home, used))
                .isInstanceOfSatisfying(
                        NodeException.class, e -> assertThat(e.code()).isEqualTo(Code.TLS))
                .hasMessageContaining("new token");
        assertThat(stage.coordinator.count("POST", "/v1/enrolments")).isEqualTo(1);
        assertThat(late.join(stage.home, stage.coordinator.invite().text()))
                .isInstanceOf(Outcome.Joined.class);
    }

    @Test
    void a_damaged_membership_is_told_again_to_who_joins_with_a_new_token() throws IOException {
        stage.joined();
        Membership whole = Membership.of(stage.home);
        Files.writeString(stage.home.membership(), "{\"consortium\":");
        assertThat(stage.enrolment().join(stage.home, stage.coordinator.invite().text()))
                .isInstanceOf(Outcome.Joined.class);
        assertThat(Membership.of(stage.home)).isEqualTo(whole);
    }

    @Test
    void a_directory_is_the_node_of_one_consortium_only() {
        stage.joined();
        EnrolmentToken invited = stage.coordinator.invite();
        EnrolmentToken elsewhere =
                new EnrolmentToken(
                        invited.coordinator(),
                        Digest.of(new byte[] {1}),
                        invited.member(),
                        invited.secret());
        assertThatThrownBy(() -> stage.enrolment().join(stage.home, elsewhere.text()))
                .isInstanceOfSatisfying(
                        NodeException.class,
                        e -> assertThat(e.code()).isEqualTo(Code.ENROLLED_ELSEWHERE));
    }

    @Test
    void a_directory_is_the_node_of_one_member_only() {
        stage.joined();
        EnrolmentToken invited = stage.coordinator.invite();
        EnrolmentToken other =
                new EnrolmentToken(
                        invited.coordinator(),
                        invited.authority(),
                        new MemberId("tampere"),
                        invited.secret());
        assertThatThrownBy(() -> stage.enrolment().join(stage.home, other.text()))
                .hasMessageContaining("helsinki")
                .hasMessageContaining("tampere");
    }
}
