package dev.tapestry.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.protocol.CosignatureRequest;
import dev.tapestry.consortium.protocol.CosignedNotes;
import dev.tapestry.consortium.protocol.RevocationRequest;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.log.Checkpoint;
import dev.tapestry.trust.log.Cosignature;
import dev.tapestry.trust.log.SignedNote;
import dev.tapestry.trust.signature.SigningKey;
import dev.tapestry.trust.signature.VerifyingKey;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Members hand in co-signatures over a real socket; the coordinator keeps and shows them. */
final class CosignatureTest {

    @TempDir Path folder;

    /** Signs what the coordinator shows now, as this member. */
    static Answer cosign(TestMember member) {
        return hand(member, latest(member), member.key);
    }

    private static Checkpoint latest(TestMember member) {
        return Checkpoint.parse(
                SignedNote.parse(member.client.get("/v1/log/checkpoint").text()).text());
    }

    private static Answer hand(TestMember member, Checkpoint what, SigningKey key) {
        String name = Cosignature.name(what.origin(), member.id);
        SignedNote.Line line = Cosignature.sign(what, name, Instant.EPOCH, key);
        return member.client.put(
                "/v1/log/checkpoints/" + what.size() + "/cosignature",
                CanonicalJson.write(new CosignatureRequest(line.toString())));
    }

    private static List<SignedNote> notes(TestMember member) {
        return member
                .client
                .get("/v1/log/cosignatures")
                .as(200, CosignedNotes.class)
                .notes()
                .stream()
                .map(SignedNote::parse)
                .toList();
    }

    private static void counts(Stage stage, SignedNote note, TestMember... members) {
        Checkpoint checkpoint =
                Checkpoint.verified(
                        note.toString(),
                        Checkpoint.parse(note.text()).origin(),
                        new VerifyingKey(stage.state().coordinatorKey()));
        assertThat(note.signatures()).hasSize(1 + members.length);
        for (TestMember member : members) {
            String name = Cosignature.name(checkpoint.origin(), member.id);
            assertThat(Cosignature.verify(note, name, member.key.verifyingKey()))
                    .isEqualTo(Instant.EPOCH);
        }
    }

    @Test
    void everybody_sees_by_whom_a_checkpoint_is_co_signed_also_after_a_restart() {
        try (Stage stage = new Stage(folder, Stage.charter(1)).withMembers("ada", "bo", "cy")) {
            TestMember ada = stage.member(0);
            TestMember bo = stage.member(1);
            TestMember cy = stage.member(2);
            assertThat(cosign(cy).status()).isEqualTo(204);
            stage.token("nobody");
            assertThat(cosign(ada).status()).isEqualTo(204);
            assertThat(cosign(bo).status()).isEqualTo(204);
            for (int start = 0; start < 2; start++) {
                List<SignedNote> notes = notes(cy);
                assertThat(notes).hasSize(2);
                counts(stage, notes.get(0), ada, bo);
                counts(stage, notes.get(1), cy);
                counts(
                        stage,
                        SignedNote.parse(cy.client.get("/v1/log/checkpoint").text()),
                        ada,
                        bo);
                stage.restart();
            }
        }
    }

    @Test
    void an_older_co_signature_does_not_replace_a_newer_one_and_a_revoked_member_is_no_witness() {
        try (Stage stage = new Stage(folder, Stage.charter(1)).withMembers("ada", "bo")) {
            TestMember ada = stage.member(0);
            Checkpoint older = latest(ada);
            stage.token("nobody");
            assertThat(cosign(ada).status()).isEqualTo(204);
            assertThat(hand(ada, older, ada.key).status()).isEqualTo(204);
            assertThat(Checkpoint.parse(notes(ada).getFirst().text()).size())
                    .isGreaterThan(older.size());
            stage.steward.post("/v1/members/ada/revocation", new RevocationRequest("left"));
            assertThat(notes(stage.member(1))).isEmpty();
        }
    }

    @Test
    void what_is_no_co_signature_of_this_log_by_this_member_is_refused() {
        try (Stage stage = new Stage(folder, Stage.charter(1)).withMembers("ada", "bo")) {
            TestMember ada = stage.member(0);
            Checkpoint now = latest(ada);
            Checkpoint forked = new Checkpoint(now.origin(), now.size(), Digest.of(new byte[1]));
            Checkpoint ahead = new Checkpoint(now.origin(), now.size() + 1, now.root());
            assertThat(hand(ada, forked, ada.key).code()).isEqualTo("COSIGNATURE_REFUSED");
            assertThat(hand(ada, ahead, ada.key).code()).isEqualTo("COSIGNATURE_REFUSED");
            assertThat(hand(ada, now, stage.member(1).key).code()).isEqualTo("COSIGNATURE_REFUSED");
            assertThat(
                            ada.client
                                    .put(
                                            "/v1/log/checkpoints/1/cosignature",
                                            CanonicalJson.write(new CosignatureRequest("— x")))
                                    .code())
                    .isEqualTo("BAD_REQUEST");
            assertThat(notes(ada)).isEmpty();
        }
    }

    @Test
    void a_co_signature_of_another_history_in_the_directory_is_not_served() throws Exception {
        try (Stage stage = new Stage(folder, Stage.charter(1)).withMembers("ada", "bo")) {
            TestMember ada = stage.member(0);
            cosign(ada);
            Path kept = stage.directory.resolve("cosignatures").resolve("ada.note");
            Checkpoint now = latest(ada);
            Checkpoint forked = new Checkpoint(now.origin(), now.size(), Digest.of(new byte[1]));
            SignedNote other =
                    forked.sign(stage.member(1).key)
                            .with(
                                    Cosignature.sign(
                                            forked,
                                            Cosignature.name(now.origin(), ada.id),
                                            Instant.EPOCH,
                                            ada.key));
            Files.writeString(kept, other.toString());
            stage.restart();
            assertThat(notes(stage.member(1))).isEmpty();
            assertThat(kept).exists();
        }
    }
}
