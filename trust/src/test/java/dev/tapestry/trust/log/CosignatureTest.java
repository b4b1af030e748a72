package dev.tapestry.trust.log;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;
import dev.tapestry.trust.signature.SigningKey;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import org.junit.jupiter.api.Test;

final class CosignatureTest {

    private static final Instant THEN = Instant.ofEpochSecond(1_679_315_147);

    private final SigningKey log = SigningKey.generate();
    private final SigningKey witness = SigningKey.generate();
    private final Checkpoint checkpoint =
            new Checkpoint("tapestry/0123456789ab", 7, Digest.of(new byte[] {1}));
    private final String name = Cosignature.name(checkpoint.origin(), new MemberId("turku"));
    private final SignedNote note =
            checkpoint.sign(log).with(Cosignature.sign(checkpoint, name, THEN, witness));

    @Test
    void a_checkpoint_keeps_what_its_log_and_its_witness_signed() {
        SignedNote read = SignedNote.parse(note.toString());
        assertThat(Cosignature.verify(read, name, witness.verifyingKey())).isEqualTo(THEN);
        assertThat(Checkpoint.verified(note.toString(), checkpoint.origin(), log.verifyingKey()))
                .isEqualTo(checkpoint);
        assertThat(read.only(checkpoint.origin())).isEqualTo(checkpoint.sign(log));
    }

    /** Computed once more from the words of C2SP tlog-cosignature, without the class. */
    @Test
    void the_line_is_that_of_the_specification() throws GeneralSecurityException {
        String line = note.signatures().getLast().toString();
        assertThat(line).startsWith("— tapestry/0123456789ab/turku ");
        byte[] blob = Base64.getDecoder().decode(line.substring(line.lastIndexOf(' ') + 1));
        assertThat(blob).hasSize(4 + 8 + 64);
        MessageDigest sha = MessageDigest.getInstance("SHA-256");
        sha.update((name + "\n").getBytes(UTF_8));
        sha.update((byte) 4);
        sha.update(witness.verifyingKey().raw());
        assertThat(Arrays.copyOf(blob, 4)).isEqualTo(Arrays.copyOf(sha.digest(), 4));
        assertThat(ByteBuffer.wrap(blob, 4, 8).getLong()).isEqualTo(1_679_315_147L);
        byte[] message = ("cosignature/v1\ntime 1679315147\n" + checkpoint.text()).getBytes(UTF_8);
        assertThat(
                        witness.verifyingKey()
                                .verifies(message, Arrays.copyOfRange(blob, 12, blob.length)))
                .isTrue();
    }

    @Test
    void a_cosignature_that_was_moved_to_another_log_does_not_count() {
        Checkpoint other = new Checkpoint(checkpoint.origin(), 8, checkpoint.root());
        SignedNote moved = other.sign(log).with(note.signatures().getLast());
        refused(moved, witness, Code.SIGNATURE_INVALID);
    }

    @Test
    void a_cosignature_with_another_time_does_not_count() {
        SignedNote.Line line = note.signatures().getLast();
        byte[] signed = Base64.getDecoder().decode(line.signature());
        signed[7]++;
        SignedNote.Line later =
                new SignedNote.Line(
                        line.name(), line.keyHash(), Base64.getEncoder().encodeToString(signed));
        refused(checkpoint.sign(log).with(later), witness, Code.SIGNATURE_INVALID);
        byte[] cut = Arrays.copyOf(signed, 20);
        SignedNote.Line shorter =
                new SignedNote.Line(
                        line.name(), line.keyHash(), Base64.getEncoder().encodeToString(cut));
        refused(checkpoint.sign(log).with(shorter), witness, Code.SIGNATURE_INVALID);
    }

    @Test
    void a_key_that_signed_the_note_itself_has_not_co_signed_it() {
        refused(checkpoint.sign(log), log, Code.SIGNATURE_MISSING);
        SignedNote posing = checkpoint.sign(log).countersign(name, witness);
        refused(posing, witness, Code.SIGNATURE_MISSING);
    }

    private void refused(SignedNote what, SigningKey key, Code code) {
        assertThatThrownBy(() -> Cosignature.verify(what, name, key.verifyingKey()))
                .isInstanceOfSatisfying(
                        TrustException.class, e -> assertThat(e.code()).isEqualTo(code));
    }
}
