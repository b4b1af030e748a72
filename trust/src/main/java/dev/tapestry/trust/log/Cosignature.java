package dev.tapestry.trust.log;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tapestry.consortium.MemberId;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;
import dev.tapestry.trust.signature.SigningKey;
import dev.tapestry.trust.signature.VerifyingKey;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Base64;

/**
 * A witness's signature on a checkpoint: it has seen this log, and everything that it saw of it
 * before is its beginning (C2SP tlog-cosignature, {@code cosignature/v1}).
 *
 * <pre>
 *   signed      "cosignature/v1" LF  "time " seconds LF  the checkpoint's lines
 *   line        "— " name SP base64(hint ‖ 8 bytes of seconds, big-endian ‖ 64 bytes Ed25519)
 *   hint        the first 4 bytes of SHA-256(name LF 0x04 key)
 * </pre>
 *
 * <p>Where it departs from C2SP: a member signs with the key with which it signs contributions too.
 * What is signed there begins with {@code DSSEv1}, so that neither can be taken for the other.
 */
public final class Cosignature {

    private static final byte TYPE = 4;
    private static final int SIGNATURE_BYTES = 64;

    private Cosignature() {}

    /** The name under which a member signs checkpoints of the log of this origin. */
    public static String name(String origin, MemberId member) {
        return origin + "/" + member;
    }

    /** The line by which {@code name} says at {@code at} that it saw the checkpoint. */
    public static SignedNote.Line sign(
            Checkpoint checkpoint, String name, Instant at, SigningKey key) {
        long seconds = at.getEpochSecond();
        byte[] signature = key.sign(message(checkpoint.text(), seconds));
        byte[] both =
                ByteBuffer.allocate(Long.BYTES + signature.length)
                        .putLong(seconds)
                        .put(signature)
                        .array();
        return new SignedNote.Line(
                name,
                SignedNote.keyHash(name, TYPE, key.verifyingKey()),
                Base64.getEncoder().encodeToString(both));
    }

    /**
     * When the witness of this name saw the note's checkpoint.
     *
     * @throws TrustException {@code SIGNATURE_MISSING}, {@code SIGNATURE_INVALID}
     */
    public static Instant verify(SignedNote note, String name, VerifyingKey key) {
        String hint = SignedNote.keyHash(name, TYPE, key);
        for (SignedNote.Line line : note.signatures()) {
            if (line.name().equals(name) && line.keyHash().equals(hint)) {
                return verify(note.text(), line, key);
            }
        }
        throw new TrustException(
                Code.SIGNATURE_MISSING, "'" + name + "' has not co-signed this checkpoint");
    }

    private static Instant verify(String text, SignedNote.Line line, VerifyingKey key) {
        byte[] both = Base64.getDecoder().decode(line.signature());
        if (both.length == Long.BYTES + SIGNATURE_BYTES) {
            ByteBuffer parts = ByteBuffer.wrap(both);
            long seconds = parts.getLong();
            byte[] signature = new byte[SIGNATURE_BYTES];
            parts.get(signature);
            if (seconds >= 0
                    && seconds <= Instant.MAX.getEpochSecond()
                    && key.verifies(message(text, seconds), signature)) {
                return Instant.ofEpochSecond(seconds);
            }
        }
        throw new TrustException(
                Code.SIGNATURE_INVALID,
                "the co-signature of '" + line.name() + "' does not fit the checkpoint");
    }

    private static byte[] message(String text, long seconds) {
        return ("cosignature/v1\ntime " + seconds + "\n" + text).getBytes(UTF_8);
    }
}
