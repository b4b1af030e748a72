package dev.tapestry.coordinator;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.ConsortiumEvent.SigningKeyReplaced;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.protocol.Accepted;
import dev.tapestry.consortium.protocol.Protocol;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.move.MoveAgreement;
import dev.tapestry.trust.signature.Envelope;
import dev.tapestry.trust.signature.KeyReplacement;
import dev.tapestry.trust.signature.SigningKey;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A member signs with another key, and nobody else can make it. */
final class KeyReplacementTest {

    @TempDir Path folder;

    private Stage stage() {
        return new Stage(folder, Stage.charter(1)).withMembers("ada", "bela");
    }

    @Test
    void what_was_signed_before_stays_good_and_only_the_new_key_counts_from_then_on() {
        try (Stage stage = new Stage(folder, Stage.charter(1)).withMembers("ada")) {
            TestMember ada = stage.member(0);
            stage.run(2, MergeRule.fedAvg());
            ada.takePart(1, Stage.SEED);
            ada.await(1, Phase.SCORING);
            ada.scoreWell(1);
            ada.await(2, Phase.COLLECTING);
            SigningKey before = ada.key;
            SigningKey next = SigningKey.generate();
            ada.replaceKey(before, next).as(200, Accepted.class);
            ada.replaceKey(before, next).as(200, Accepted.class);
            assertThat(stage.events(SigningKeyReplaced.class)).hasSize(1);

            RoundView view = ada.round();
            Path weights = ada.train(view.plan().orElseThrow(), Stage.SEED);
            assertThat(ada.post(2, ada.signed(ada.manifest(view, weights))).code())
                    .isEqualTo("BAD_SIGNATURE");
            ada.key = next;
            ada.takePart(2, Stage.SEED);
            ada.await(2, Phase.SCORING);
            ada.scoreWell(2);
            ada.await(2, Phase.PUBLISHED);
            assertThat(VerifyLog.of(stage.directory)).isInstanceOf(VerifyLog.Sound.class);
        }
    }

    @Test
    void who_does_not_hold_both_keys_replaces_none() {
        try (Stage stage = stage()) {
            TestMember ada = stage.member(0);
            TestMember bela = stage.member(1);
            SigningKey next = SigningKey.generate();
            assertThat(ada.replaceKey(SigningKey.generate(), next).code())
                    .as("not signed with the present key")
                    .isEqualTo("BAD_SIGNATURE");
            assertThat(ada.replaceKey(ada.key, bela.key).code())
                    .as("another member's")
                    .isEqualTo("KEY_REFUSED");
            KeyReplacement alone =
                    new KeyReplacement(
                            ada.id, ada.key.verifyingKey().value(), next.verifyingKey().value());
            Envelope once = Envelope.seal(Protocol.KEY_TYPE, alone, ada.key);
            assertThat(ada.client.postBytes("/v1/signing-key", once.bytes()).code())
                    .as("not signed with the next key")
                    .isEqualTo("BAD_SIGNATURE");
            assertThat(
                            ada.client
                                    .postBytes(
                                            "/v1/signing-key",
                                            KeyReplacement.sign(bela.id, ada.key, next).bytes())
                                    .code())
                    .as("of another member")
                    .isEqualTo("MALFORMED");
            assertThat(ada.replaceKey(ada.key, ada.key).code()).isEqualTo("MALFORMED");
            assertThat(stage.events(SigningKeyReplaced.class)).isEmpty();
        }
    }

    @Test
    void a_log_is_not_filled_with_keys() {
        try (Stage stage = stage()) {
            TestMember ada = stage.member(0);
            SigningKey second = SigningKey.generate();
            SigningKey third = SigningKey.generate();
            ada.replaceKey(ada.key, second).as(200, Accepted.class);
            assertThat(ada.replaceKey(second, third).code()).isEqualTo("KEY_REFUSED");
            stage.restart();
            assertThat(ada.replaceKey(second, third).code())
                    .as("the log remembers")
                    .isEqualTo("KEY_REFUSED");
            stage.clock.advance(Duration.ofHours(2));
            ada.replaceKey(second, third).as(200, Accepted.class);
        }
    }

    @Test
    void an_auditor_finds_a_key_that_no_member_has_stated() {
        try (Stage stage = stage()) {
            TestMember ada = stage.member(0);
            SigningKey coordinators = SigningKey.generate();
            String own =
                    new String(
                            KeyReplacement.sign(ada.id, SigningKey.generate(), coordinators)
                                    .bytes(),
                            UTF_8);
            LogAudit audit = audit(stage);
            ConsortiumEvent forged =
                    new SigningKeyReplaced(
                            ada.id,
                            coordinators.verifyingKey().value(),
                            own,
                            stage.clock.instant());
            assertThat(audit.next(CanonicalJson.write(forged)))
                    .hasValueSatisfying(
                            bad -> assertThat(bad.problem()).contains("ada", "no signature"));
            String stated =
                    new String(
                            KeyReplacement.sign(ada.id, ada.key, SigningKey.generate()).bytes(),
                            UTF_8);
            ConsortiumEvent exchanged =
                    new SigningKeyReplaced(
                            ada.id,
                            coordinators.verifyingKey().value(),
                            stated,
                            stage.clock.instant());
            assertThat(audit(stage).next(CanonicalJson.write(exchanged)))
                    .hasValueSatisfying(
                            bad -> assertThat(bad.problem()).contains("states another key"));
        }
    }

    /** Of all that is in the log. */
    private static LogAudit audit(Stage stage) {
        LogAudit audit =
                new LogAudit(
                        stage.coordinator.ledger().log().origin(),
                        new LogAudit.Evidence() {
                            @Override
                            public Optional<MoveAgreement> move(Digest agreement) {
                                return Optional.empty();
                            }

                            @Override
                            public Optional<byte[]> contribution(Digest envelope) {
                                return Optional.empty();
                            }
                        });
        List<byte[]> entries =
                stage.coordinator.ledger().log().read(0, stage.coordinator.ledger().log().size());
        entries.forEach(entry -> assertThat(audit.next(entry)).isEmpty());
        return audit;
    }
}
