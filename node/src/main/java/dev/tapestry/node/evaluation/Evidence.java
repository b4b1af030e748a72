package dev.tapestry.node.evaluation;

import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.signature.Envelope;
import dev.tapestry.trust.signature.SigningKey;
import dev.tapestry.trust.signature.VerifyingKey;
import java.util.Optional;

/**
 * A signed result: a DSSE envelope over the canonical JSON of {@link Statement}. It says who
 * measured, and that not a figure was changed since; whether it was measured well, anybody finds by
 * measuring again what it names.
 */
public final class Evidence {

    /** The kind of document. */
    public static final String TYPE = "application/vnd.tapestry.evaluation+json";

    private Evidence() {}

    /**
     * What is signed.
     *
     * @param key that signs, so that the document can be checked with nothing but itself
     * @param result what is stated
     */
    public record Statement(VerifyingKey key, EvaluationResult result) {}

    /** Signs a result. */
    public static Envelope sign(EvaluationResult result, SigningKey key) {
        return Envelope.seal(TYPE, new Statement(key.verifyingKey(), result), key);
    }

    /**
     * Reads evidence.
     *
     * @param expected whose it must be; if none is given the key in the document is taken, which
     *     tells that it was not changed, but not whose it is
     * @throws TrustException {@code ENVELOPE_MALFORMED}, {@code WRONG_PAYLOAD_TYPE}, {@code
     *     SIGNATURE_MISSING}, {@code SIGNATURE_INVALID}, {@code DOCUMENT_MALFORMED}
     */
    public static Statement open(byte[] bytes, Optional<VerifyingKey> expected) {
        Envelope envelope = Envelope.parse(bytes);
        VerifyingKey key = expected.orElseGet(() -> claimed(envelope));
        Statement statement = envelope.open(TYPE, key, Statement.class);
        if (!statement.key().equals(key)) {
            throw new TrustException(
                    TrustException.Code.SIGNATURE_MISSING,
                    "it is signed with %s, and says that the key is %s"
                            .formatted(key, statement.key()));
        }
        return statement;
    }

    /** Not believed before it is found to have signed. */
    private static VerifyingKey claimed(Envelope envelope) {
        return CanonicalJson.read(envelope.unverified(), Statement.class).key();
    }
}
