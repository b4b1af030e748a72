package dev.tapestry.trust.move;

import dev.tapestry.consortium.CoordinatorMove;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.signature.Envelope;
import dev.tapestry.trust.signature.Envelope.Signature;
import dev.tapestry.trust.signature.SigningKey;
import dev.tapestry.trust.signature.VerifyingKey;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Members' signatures under a move of the coordinator: one envelope, signed by one or several.
 *
 * @param move what they sign
 * @param envelope the canonical JSON of the move, and the signatures; not believed before {@link
 *     #signers}
 */
public record MoveAgreement(CoordinatorMove move, Envelope envelope) {

    /** DSSE payload type of a {@link CoordinatorMove}. */
    public static final String TYPE = "application/vnd.tapestry.move+json";

    /** No agreement is longer. */
    public static final int MAX_BYTES = 65_536;

    /** One member agrees. */
    public static MoveAgreement sign(CoordinatorMove move, SigningKey key) {
        return new MoveAgreement(move, Envelope.seal(TYPE, move, key));
    }

    /**
     * Reads an agreement.
     *
     * @throws TrustException {@code ENVELOPE_MALFORMED}, {@code WRONG_PAYLOAD_TYPE}
     */
    public static MoveAgreement parse(byte[] json) {
        if (json.length > MAX_BYTES) {
            throw malformed("it has " + json.length + " bytes", null);
        }
        Envelope envelope = Envelope.parse(json);
        if (!envelope.payloadType().equals(TYPE)) {
            throw new TrustException(
                    Code.WRONG_PAYLOAD_TYPE,
                    "this is a '" + envelope.payloadType() + "', but a '" + TYPE + "' is expected");
        }
        try {
            byte[] payload = Base64.getDecoder().decode(envelope.payload());
            return new MoveAgreement(CanonicalJson.read(payload, CoordinatorMove.class), envelope);
        } catch (TrustException | IllegalArgumentException e) {
            throw malformed(String.valueOf(e.getMessage()), e);
        }
    }

    /**
     * This agreement with the signatures of another one under the same move.
     *
     * @throws TrustException {@code ENVELOPE_MALFORMED} if it is about another move
     */
    public MoveAgreement and(MoveAgreement other) {
        if (!other.envelope.payload().equals(envelope.payload())) {
            throw malformed("members signed different moves: " + move + ", " + other.move, null);
        }
        List<Signature> all = new ArrayList<>(envelope.signatures());
        other.envelope.signatures().stream()
                .filter(signature -> !all.contains(signature))
                .forEach(all::add);
        return new MoveAgreement(move, new Envelope(envelope.payload(), TYPE, all));
    }

    /**
     * Which members signed it.
     *
     * @param keys of the active members
     */
    public SortedSet<MemberId> signers(Map<MemberId, String> keys) {
        SortedSet<MemberId> signers = new TreeSet<>();
        keys.forEach((member, key) -> {
            if (signedWith(key)) {
                signers.add(member);
            }
        });
        return signers;
    }

    private boolean signedWith(String key) {
        try {
            VerifyingKey verifying = new VerifyingKey(key);
            // Only what claims to be this key's is tried: members × signatures would be much.
            List<Signature> own =
                    envelope.signatures().stream()
                            .filter(signature -> signature.keyid().equals(verifying.keyid()))
                            .toList();
            if (own.isEmpty()) {
                return false;
            }
            new Envelope(envelope.payload(), TYPE, own).verify(TYPE, verifying);
            return true;
        } catch (TrustException | IllegalArgumentException _) {
            return false;
        }
    }

    /** Whether more than half of the active members signed it. */
    public boolean carriedBy(Map<MemberId, String> keys) {
        return CoordinatorMove.carried(signers(keys).size(), keys.size());
    }

    /** By which the log names it. */
    public Digest digest() {
        return Digest.of(bytes());
    }

    /** The canonical JSON of the envelope. */
    public byte[] bytes() {
        return envelope.bytes();
    }

    private static TrustException malformed(String why, @Nullable Exception cause) {
        return new TrustException(
                Code.ENVELOPE_MALFORMED, "not the members' agreement to a move: " + why, cause);
    }
}
