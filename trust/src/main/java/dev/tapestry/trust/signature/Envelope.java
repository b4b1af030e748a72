package dev.tapestry.trust.signature;

import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;
import dev.tapestry.trust.json.CanonicalJson;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/**
 * A signed document (DSSE v1, envelope.md), as canonical JSON on the wire and on disk.
 *
 * @param payload the document's bytes in base64
 * @param payloadType names the kind of document; signed too
 * @param signatures 1 to {@link #MAX_SIGNATURES}
 */
public record Envelope(String payload, String payloadType, List<Signature> signatures) {

    /** Each takes about 2 ms to verify; more of them are an attack. */
    public static final int MAX_SIGNATURES = 128;

    /**
     * One signature.
     *
     * @param keyid see {@link VerifyingKey#keyid()}; unsigned, only a hint
     * @param sig 64 bytes in base64
     */
    public record Signature(String keyid, String sig) {}

    public Envelope {
        signatures = List.copyOf(signatures);
        if (signatures.isEmpty() || signatures.size() > MAX_SIGNATURES) {
            throw new IllegalArgumentException(
                    "an envelope has 1 to "
                            + MAX_SIGNATURES
                            + " signatures, not "
                            + signatures.size());
        }
    }

    /** Signs bytes. */
    public static Envelope sign(String payloadType, byte[] payload, SigningKey key) {
        return new Envelope(
                Base64.getEncoder().encodeToString(payload),
                payloadType,
                List.of(signature(payloadType, payload, key)));
    }

    /** Signs the canonical JSON of a document. */
    public static Envelope seal(String payloadType, Object document, SigningKey key) {
        return sign(payloadType, CanonicalJson.write(document), key);
    }

    /**
     * Reads an envelope; nothing in it is believed before {@link #verify}.
     *
     * @throws TrustException {@code ENVELOPE_MALFORMED}
     */
    public static Envelope parse(byte[] json) {
        try {
            return CanonicalJson.read(json, Envelope.class);
        } catch (TrustException e) {
            throw malformed(String.valueOf(e.getMessage()), e);
        }
    }

    /** This envelope with one more signature over the same document. */
    public Envelope countersign(SigningKey key) {
        List<Signature> more = new ArrayList<>(signatures);
        more.add(signature(payloadType, base64(payload, "payload"), key));
        return new Envelope(payload, payloadType, more);
    }

    /**
     * The document's bytes, when {@code key} signed them as {@code expectedType}.
     *
     * <p>The bytes that come back are those that were verified; read no others.
     *
     * @throws TrustException {@code WRONG_PAYLOAD_TYPE}, {@code SIGNATURE_MISSING}, {@code
     *     SIGNATURE_INVALID}, {@code ENVELOPE_MALFORMED}
     */
    public byte[] verify(String expectedType, VerifyingKey key) {
        if (!payloadType.equals(expectedType)) {
            throw new TrustException(
                    Code.WRONG_PAYLOAD_TYPE,
                    "this is a '" + payloadType + "', but a '" + expectedType + "' is expected");
        }
        byte[] body = base64(payload, "payload");
        byte[] signed = preAuthenticationEncoding(payloadType, body);
        boolean claimed = false;
        for (Signature signature : signatures) {
            // The keyid is not signed, so a wrong one must not hide a right signature.
            if (key.verifies(signed, base64(signature.sig(), "sig"))) {
                return body;
            }
            claimed |= signature.keyid().equals(key.keyid());
        }
        throw claimed
                ? new TrustException(
                        Code.SIGNATURE_INVALID,
                        "the signature of key "
                                + key.keyid()
                                + " does not fit this "
                                + payloadType
                                + ": it was changed after it was signed")
                : new TrustException(
                        Code.SIGNATURE_MISSING,
                        "no signature of key "
                                + key.keyid()
                                + " is on this "
                                + payloadType
                                + ", but of "
                                + signatures.stream().map(Signature::keyid).toList());
    }

    /**
     * The document's bytes, of which nothing is known but what they say: only to learn by which key
     * they claim to be signed.
     *
     * @throws TrustException {@code ENVELOPE_MALFORMED}
     */
    public byte[] unverified() {
        return base64(payload, "payload");
    }

    /** {@link #verify}, and reads the verified bytes as a document. */
    public <T> T open(String expectedType, VerifyingKey key, Class<T> type) {
        return CanonicalJson.read(verify(expectedType, key), type);
    }

    /** The canonical JSON of this envelope. */
    public byte[] bytes() {
        return CanonicalJson.write(this);
    }

    /** The bytes that are signed: DSSE's PAE. */
    static byte[] preAuthenticationEncoding(String payloadType, byte[] body) {
        byte[] type = payloadType.getBytes(StandardCharsets.UTF_8);
        ByteArrayOutputStream out = new ByteArrayOutputStream(type.length + body.length + 32);
        out.writeBytes(("DSSEv1 " + type.length + " ").getBytes(StandardCharsets.US_ASCII));
        out.writeBytes(type);
        out.writeBytes((" " + body.length + " ").getBytes(StandardCharsets.US_ASCII));
        out.writeBytes(body);
        return out.toByteArray();
    }

    private static Signature signature(String payloadType, byte[] payload, SigningKey key) {
        byte[] signature = key.sign(preAuthenticationEncoding(payloadType, payload));
        return new Signature(
                key.verifyingKey().keyid(), Base64.getEncoder().encodeToString(signature));
    }

    /** The specification allows both alphabets. */
    private static byte[] base64(String text, String member) {
        boolean urlSafe = text.indexOf('-') >= 0 || text.indexOf('_') >= 0;
        try {
            return (urlSafe ? Base64.getUrlDecoder() : Base64.getDecoder()).decode(text);
        } catch (IllegalArgumentException e) {
            throw malformed("'" + member + "' is not base64", e);
        }
    }

    private static TrustException malformed(String why, Throwable cause) {
        return new TrustException(
                Code.ENVELOPE_MALFORMED, "not a signed document (DSSE v1): " + why, cause);
    }
}
