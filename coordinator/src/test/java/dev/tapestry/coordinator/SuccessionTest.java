package dev.tapestry.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.consortium.ConsortiumEvent.CoordinatorMoved;
import dev.tapestry.consortium.CoordinatorMove;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.Successor;
import dev.tapestry.consortium.protocol.Accepted;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import dev.tapestry.consortium.protocol.TokenRequest;
import dev.tapestry.coordinator.CoordinatorConfig.Listening;
import dev.tapestry.trust.certificate.TlsIdentity;
import dev.tapestry.trust.log.Checkpoint;
import dev.tapestry.trust.move.MoveAgreement;
import dev.tapestry.trust.signature.SigningKey;
import dev.tapestry.trust.signature.VerifyingKey;
import java.io.IOException;
import java.net.BindException;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The coordinator moves from one directory, key and port to another. */
final class SuccessionTest {

    @TempDir Path folder;

    private Stage stage;
    private Path next;
    private Successor successor;
    private CoordinatorMove move;

    @BeforeEach
    void a_consortium_after_a_round() throws IOException {
        stage = new Stage(folder, Stage.charter(2)).withMembers("ada", "bo", "cy");
        stage.run(2, MergeRule.fedAvg());
        round(1);
        CosignatureTest.cosign(stage.member(0));
        stage.member(2).await(2, Phase.COLLECTING);
        stage.stop();
        next = folder.resolve("next");
        successor = Succession.prepare(next, listening());
        move = Succession.propose(stage.directory, successor);
    }

    @AfterEach
    void close() {
        stage.close();
    }

    static Listening listening() throws IOException {
        // Not one that the kernel gives to whoever asks for any: so it stays free until it is used.
        while (true) {
            int port = ThreadLocalRandom.current().nextInt(10_000, 32_000);
            try (ServerSocket _ = new ServerSocket(port)) {
                return new Listening("127.0.0.1", port, List.of("localhost"));
            } catch (BindException _) {
                // Somebody has it; another one then.
            }
        }
    }

    private void round(int number) {
        stage.members.forEach(member -> member.takePart(number, Stage.SEED + member.id.hashCode()));
        stage.members.forEach(member -> member.scoreWell(number));
    }

    private MoveAgreement signed(CoordinatorMove by, int... members) {
        MoveAgreement agreement = MoveAgreement.sign(by, stage.member(members[0]).key);
        for (int i = 1; i < members.length; i++) {
            agreement = agreement.and(MoveAgreement.sign(by, stage.member(members[i]).key));
        }
        return agreement;
    }

    private void refused(MoveAgreement agreement, String why) {
        assertThatThrownBy(() ->
                        Succession.move(stage.directory, next, agreement, InstantSource.system()))
                .isInstanceOfSatisfying(
                        CoordinatorException.class,
                        e -> assertThat(e.code()).isEqualTo(CoordinatorException.Code.MOVE))
                .hasMessageContaining(why);
        assertThat(next.resolve("log.db")).doesNotExist();
    }

    /** Moves and lets members and steward call the new one. */
    private Coordinator moved(MoveAgreement agreement) {
        Succession.move(stage.directory, next, agreement, InstantSource.system());
        Coordinator coordinator = Coordinator.assemble(CoordinatorConfig.read(next));
        coordinator.start();
        stage.members.forEach(member -> member.reconnect(coordinator.address()));
        return coordinator;
    }

    @Test
    void two_of_three_members_move_it_and_the_run_goes_on_where_it_was() {
        Coordinator there = moved(signed(move, 0, 1));
        try (there) {
            assertThat(there.address().toString()).isEqualTo(successor.address());
            round(2);
            stage.member(0).await(2, Phase.PUBLISHED);
            String note = stage.member(0).client.get("/v1/log/checkpoint").text();
            Checkpoint.verified(note, move.origin(), new VerifyingKey(successor.key()));
            assertThat(stage.member(1).client.get("/v1/move").body())
                    .isEqualTo(signed(move, 0, 1).bytes());
            assertThat(stage.member(1).client.get("/v1/log/cosignatures").text()).contains("ada");
        }
        assertThat(VerifyLog.of(next))
                .isInstanceOfSatisfying(
                        VerifyLog.Sound.class,
                        sound -> {
                            assertThat(sound.consortium().coordinatorKey())
                                    .isEqualTo(successor.key());
                            assertThat(sound.verdict().size()).isGreaterThan(move.size() + 5);
                        });
    }

    @Test
    void a_move_that_was_cut_off_can_be_repeated_and_happens_once() {
        MoveAgreement agreement = signed(move, 0, 1);
        Succession.move(stage.directory, next, agreement, InstantSource.system());
        try (Coordinator there = moved(agreement)) {
            assertThat(there.ledger().history().latest(9)).hasSize(2);
            long moves =
                    LogPages.entries(there.ledger().log())
                            .filter(entry ->
                                    new String(entry, java.nio.charset.StandardCharsets.UTF_8)
                                            .contains("coordinator-moved"))
                            .count();
            assertThat(moves).isEqualTo(1);
        }
    }

    @Test
    void half_of_the_members_a_stranger_or_a_signature_twice_are_not_enough() {
        refused(signed(move, 0), "1 of 3");
        MoveAgreement stranger =
                signed(move, 0).and(MoveAgreement.sign(move, SigningKey.generate()));
        refused(stranger, "1 of 3");
        refused(signed(move, 0).and(signed(move, 0)), "1 of 3");
    }

    @Test
    void members_that_agreed_to_another_log_or_another_successor_move_nothing() {
        CoordinatorMove shorter =
                new CoordinatorMove(
                        move.consortium(),
                        move.origin(),
                        move.size() - 1,
                        move.root(),
                        move.from(),
                        successor);
        refused(signed(shorter, 0, 1), "entries");
        CoordinatorMove forked =
                new CoordinatorMove(
                        move.consortium(),
                        move.origin(),
                        move.size(),
                        Digest.of(new byte[1]),
                        move.from(),
                        successor);
        refused(signed(forked, 0, 1), "root");
        Successor other =
                new Successor(
                        SigningKey.generate().verifyingKey().value(),
                        successor.address(),
                        successor.certificateKey());
        CoordinatorMove elsewhere =
                new CoordinatorMove(
                        move.consortium(),
                        move.origin(),
                        move.size(),
                        move.root(),
                        move.from(),
                        other);
        refused(signed(elsewhere, 0, 1), "the members agreed to");
        assertThatThrownBy(() -> signed(move, 0).and(signed(elsewhere, 1)))
                .hasMessageContaining("different moves");
    }

    @Test
    void the_old_one_is_fenced_when_it_starts_again_and_says_where_it_has_gone() {
        Succession.move(stage.directory, next, signed(move, 0, 1), InstantSource.system());
        stage.resume();
        TestMember cy = stage.member(2);
        assertThat(cy.client.get("/v1/round").code()).isEqualTo("MOVED");
        assertThat(
                        stage.steward
                                .post("/v1/tokens", new TokenRequest(cy.id, Duration.ofHours(1)))
                                .code())
                .isEqualTo("MOVED");
        assertThat(cy.client.get("/v1/move").body()).isEqualTo(signed(move, 0, 1).bytes());
        assertThat(cy.client.get("/v1/log/checkpoint").status()).isEqualTo(200);
        assertThat(stage.coordinator.ledger().log().size()).isEqualTo(move.size());
    }

    @Test
    void an_old_one_that_runs_on_another_machine_is_fenced_when_it_is_shown_the_agreement() {
        stage.resume();
        TestMember ada = stage.member(0);
        assertThat(ada.client.get("/v1/move").code()).isEqualTo("NOT_MOVED");
        assertThat(ada.client.postBytes("/v1/move", signed(move, 0).bytes()).code())
                .isEqualTo("MOVE_REFUSED");
        assertThat(ada.client.postBytes("/v1/move", new byte[] {'{', '}'}).code())
                .isEqualTo("BAD_REQUEST");
        // It went on meanwhile: that keeps nobody.
        stage.token("nobody");
        long size = stage.coordinator.ledger().log().size();
        ada.client.postBytes("/v1/move", signed(move, 0, 1).bytes()).as(200, Accepted.class);
        assertThat(
                        stage.steward
                                .post("/v1/tokens", new TokenRequest(ada.id, Duration.ofHours(1)))
                                .code())
                .isEqualTo("MOVED");
        stage.restart();
        assertThat(ada.client.get("/v1/round").code()).isEqualTo("MOVED");
        assertThat(stage.coordinator.ledger().log().size()).isEqualTo(size);
    }

    @Test
    void the_steward_of_before_is_none_at_the_new_one() {
        try (Coordinator there = moved(signed(move, 0, 1));
                TestClient before =
                        TestClient.of(
                                there.address(),
                                TlsIdentity.open(stage.directory.resolve("steward")));
                TestClient now =
                        TestClient.of(there.address(), TlsIdentity.open(next.resolve("steward")))) {
            TokenRequest token = new TokenRequest(stage.member(0).id, Duration.ofHours(1));
            assertThat(before.post("/v1/tokens", token).code()).isEqualTo("CERTIFICATE_REPLACED");
            assertThat(now.post("/v1/tokens", token).status()).isEqualTo(201);
        }
    }

    @Test
    void a_log_that_says_it_moved_without_the_members_statements_is_unsound() {
        stage.resume();
        SigningKey stolen = SigningKey.generate();
        stage.coordinator
                .ledger()
                .change(_ ->
                        List.of(
                                new CoordinatorMoved(
                                        stolen.verifyingKey().value(),
                                        "https://elsewhere.example",
                                        Digest.of(new byte[1]),
                                        stage.clock.instant())));
        stage.stop();
        assertThat(VerifyLog.of(stage.directory))
                .isInstanceOfSatisfying(
                        VerifyLog.Unsound.class,
                        unsound -> assertThat(unsound.detail()).contains("signature"));
    }
}
