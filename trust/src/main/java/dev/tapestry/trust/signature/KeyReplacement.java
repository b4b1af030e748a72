package dev.tapestry.trust.signature;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tapestry.consortium.ConsortiumEvent.SigningKeyReplaced;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.protocol.Protocol;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;

/**
 * A member's statement that another key takes the place of the one with which it signs: a DSSE
 * envelope with the signatures of both, so that nobody can put a key in a member's place who does
 * not hold its present one, nor claim a key that somebody else holds.
 *
 * @param member whose keys they are
 * @param replaced the key until now, as {@link VerifyingKey#value} writes it
 * @param next the key from then on
 */
public record KeyReplacement(MemberId member, String replaced, String next) {

    /** The statement, signed with both keys. */
    public static Envelope sign(MemberId member, SigningKey replaced, SigningKey next) {
        KeyReplacement statement =
                new KeyReplacement(
                        member, replaced.verifyingKey().value(), next.verifyingKey().value());
        return Envelope.seal(Protocol.KEY_TYPE, statement, replaced).countersign(next);
    }

    /**
     * Reads a statement of {@code member}, whose key is {@code present}, or is the new one already.
     *
     * @throws TrustException {@code SIGNATURE_MISSING}, {@code SIGNATURE_INVALID}: one of both keys
     *     has not signed; {@code DOCUMENT_MALFORMED}: it speaks of another member or key; {@code
     *     KEY_MALFORMED}, {@code ENVELOPE_MALFORMED}, {@code WRONG_PAYLOAD_TYPE}
     */
    public static KeyReplacement open(Envelope envelope, MemberId member, VerifyingKey present) {
        KeyReplacement statement = envelope.open(Protocol.KEY_TYPE, present, KeyReplacement.class);
        if (!statement.member.equals(member)) {
            throw malformed(
                    "it replaces a key of %s, not of %s".formatted(statement.member, member));
        }
        if (statement.replaced.equals(statement.next)) {
            throw malformed("it replaces a key by itself");
        }
        if (!present.value().equals(statement.replaced)
                && !present.value().equals(statement.next)) {
            throw malformed(
                    "it replaces the key %s; the member's is %s"
                            .formatted(statement.replaced, present.value()));
        }
        envelope.verify(Protocol.KEY_TYPE, key(statement.replaced));
        envelope.verify(Protocol.KEY_TYPE, key(statement.next));
        return statement;
    }

    /**
     * Whether a member has stated what an event of the log says: that the event's key takes the
     * place of the one that it has.
     *
     * @param present the member's key before the event
     * @throws TrustException as {@link #open} does: it has stated nothing of the kind
     */
    public static boolean proves(SigningKeyReplaced event, VerifyingKey present) {
        Envelope envelope = Envelope.parse(event.statement().getBytes(UTF_8));
        return open(envelope, event.member(), present).next.equals(event.signingKey());
    }

    private static VerifyingKey key(String value) {
        try {
            return new VerifyingKey(value);
        } catch (IllegalArgumentException e) {
            throw malformed(String.valueOf(e.getMessage()));
        }
    }

    private static TrustException malformed(String why) {
        return new TrustException(Code.DOCUMENT_MALFORMED, "the statement about a key: " + why);
    }
}
