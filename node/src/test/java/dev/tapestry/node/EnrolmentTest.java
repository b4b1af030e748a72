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
import java.nio.file.Path;
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
