package dev.tapestry.trust.log;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.consortium.Digest;
import dev.tapestry.trust.Mutations;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;
import dev.tapestry.trust.signature.SigningKey;
import dev.tapestry.trust.signature.VerifyingKey;
import java.util.Arrays;
import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SignedNoteTest {

    private static final String ORIGIN = "tapestry.example/consortium";
    private final SigningKey key = SigningKey.generate();
    private final Checkpoint checkpoint = new Checkpoint(ORIGIN, 12, Digest.of(new byte[] {1, 2}));

    /** The example of Go's package note, from which the C2SP format was taken. */
    @Test
    void the_published_example_verifies() {
        String note =
                """
                If you think cryptography is the answer to your problem,
                then you don't know what your problem is.

                — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
                """;
        byte[] key = Base64.getDecoder().decode("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
        VerifyingKey peter = VerifyingKey.ofRaw(Arrays.copyOfRange(key, 1, 33));
        SignedNote parsed = SignedNote.parse(note);
        assertThat(parsed.verify("PeterNeumann", peter)).startsWith("If you think");
        assertThat(parsed.signatures().getFirst().keyHash()).isEqualTo("c74f20a3");
        assertThat(parsed.toString()).isEqualTo(note);
    }

    @Test
    void a_checkpoint_is_three_lines_and_a_signature() {
        String note = checkpoint.sign(key).toString();
        assertThat(note.lines().toList())
                .hasSize(5)
                .startsWith(ORIGIN, "12", "oShx/uIQ+4YZKR6uoZRYHL0lMeSyN1nSJfaAaSP2MiI=", "")
                .satisfies(lines -> assertThat(lines.get(4)).startsWith("— " + ORIGIN + " "));
    }

    @Test
    void witnesses_can_sign_too_and_unknown_signatures_do_not_matter() {
        SigningKey witness = SigningKey.generate();
        SignedNote both =
                SignedNote.parse(
                        checkpoint.sign(key).countersign("member/kyoto", witness).toString());
        assertThat(Checkpoint.verified(both.toString(), ORIGIN, key.verifyingKey()))
                .isEqualTo(checkpoint);
        assertThat(both.verify("member/kyoto", witness.verifyingKey()))
                .isEqualTo(checkpoint.text());
        assertThatThrownBy(() -> both.verify("member/lima", witness.verifyingKey()))
                .isInstanceOfSatisfying(
                        TrustException.class,
                        e -> assertThat(e.code()).isEqualTo(Code.SIGNATURE_MISSING));
    }

    @Test
    void a_changed_note_is_refused() {
        String note = checkpoint.sign(key).toString().replace("\n12\n", "\n13\n");
        assertThatThrownBy(() -> Checkpoint.verified(note, ORIGIN, key.verifyingKey()))
                .isInstanceOfSatisfying(
                        TrustException.class,
                        e -> assertThat(e.code()).isEqualTo(Code.SIGNATURE_INVALID));
    }

    @Test
    void a_checkpoint_of_another_log_signed_under_this_name_is_refused() {
        String note =
                SignedNote.sign(new Checkpoint("other", 1, checkpoint.root()).text(), ORIGIN, key)
                        .toString();
        assertThatThrownBy(() -> Checkpoint.verified(note, ORIGIN, key.verifyingKey()))
                .hasMessageContaining("of 'other'");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "log\n",
                "log\n12\n",
                "log\n012\noShx\n",
                "log\n-1\noShx\n",
                "log\n12\noShx\n",
                "log\n99999999999999999999\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
                "a log\n12\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
                "log\n12\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=\n",
                "log\n12\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                "\nlog\n12\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
            })
    void texts_that_are_no_checkpoint_are_refused(String text) {
        assertThatThrownBy(() -> Checkpoint.parse(text))
                .isInstanceOfSatisfying(
                        TrustException.class,
                        e -> assertThat(e.code()).isEqualTo(Code.CHECKPOINT_MALFORMED));
    }

    @Test
    void an_extension_line_is_allowed() {
        assertThat(Checkpoint.parse(checkpoint.text() + "more to say\n")).isEqualTo(checkpoint);
    }

    @Test
    void spoilt_notes_are_refused_and_nothing_else_happens() {
        Mutations.onlyTrustExceptions(
                15,
                1_000,
                checkpoint.sign(key).toString().getBytes(UTF_8),
                bytes -> Checkpoint.verified(new String(bytes, UTF_8), ORIGIN, key.verifyingKey()));
    }
}
