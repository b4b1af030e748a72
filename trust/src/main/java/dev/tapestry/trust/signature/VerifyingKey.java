package dev.tapestry.trust.signature;

import dev.tapestry.consortium.Digest;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.HexFormat;

/**
 * An Ed25519 public key, as it stands in documents and on the command line.
 *
 * @param value {@code ed25519:} and the 32 bytes of RFC 8032 §5.1.5 in base64url without padding
 */
public record VerifyingKey(String value) {

    private static final String PREFIX = "ed25519:";

    /** What comes before the 32 bytes in a SubjectPublicKeyInfo (RFC 8410 §4). */
    private static final byte[] INFO = HexFormat.of().parseHex("302a300506032b6570032100");

    public VerifyingKey {
        publicKey(raw(value));
    }

    /** The key with these 32 bytes. */
    public static VerifyingKey ofRaw(byte[] raw) {
        return new VerifyingKey(
                PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(raw));
    }

    /** The 32 bytes of the key. */
    public byte[] raw() {
        return raw(value);
    }

    /** The first 16 hexadecimal digits of the SHA-256 of the 32 bytes: a hint, not an identity. */
    public String keyid() {
        return Digest.of(raw()).hex().substring(0, 16);
    }

    /** Whether {@code signature} (64 bytes) was made over {@code message} by this key's owner. */
    public boolean verifies(byte[] message, byte[] signature) {
        try {
            Signature verifier = Signature.getInstance("Ed25519");
            verifier.initVerify(publicKey(raw()));
            verifier.update(message);
            return verifier.verify(signature);
        } catch (GeneralSecurityException _) {
            return false; // of the wrong length, or not a point of the curve
        }
    }

    @Override
    public String toString() {
        return value;
    }

    static VerifyingKey of(PublicKey key) {
        byte[] encoded = key.getEncoded();
        byte[] raw = new byte[32];
        System.arraycopy(encoded, encoded.length - 32, raw, 0, 32);
        return ofRaw(raw);
    }

    static PublicKey publicKey(byte[] raw) {
        byte[] encoded = new byte[INFO.length + 32];
        System.arraycopy(INFO, 0, encoded, 0, INFO.length);
        System.arraycopy(raw, 0, encoded, INFO.length, 32);
        try {
            return KeyFactory.getInstance("Ed25519")
                    .generatePublic(new X509EncodedKeySpec(encoded));
        } catch (GeneralSecurityException e) {
            throw new IllegalArgumentException("these 32 bytes are no Ed25519 key", e);
        }
    }

    private static byte[] raw(String value) {
        if (value.startsWith(PREFIX)) {
            String text = value.substring(PREFIX.length());
            byte[] raw = Base64.getUrlDecoder().decode(text);
            // One key, one text: padding and loose trailing bits are refused.
            if (raw.length == 32
                    && Base64.getUrlEncoder().withoutPadding().encodeToString(raw).equals(text)) {
                return raw;
            }
        }
        throw new IllegalArgumentException(
                "a verifying key is '"
                        + PREFIX
                        + "' and 43 characters of base64url, not '"
                        + (value.length() > 80 ? value.substring(0, 80) + "…" : value)
                        + "'");
    }
}
