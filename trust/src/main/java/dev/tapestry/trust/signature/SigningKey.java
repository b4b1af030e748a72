package dev.tapestry.trust.signature;

import dev.tapestry.trust.Pem;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * An Ed25519 key pair that never leaves the machine that made it. Thread-safe.
 *
 * <p>Its file holds a PKCS#8 {@code PRIVATE KEY} block and after it the {@code PUBLIC KEY} block
 * that belongs to it, and has mode 0600.
 */
public final class SigningKey {

    private static final String PUBLIC_BLOCK = "-----BEGIN PUBLIC KEY-----";

    private final PrivateKey privateKey;
    private final PublicKey publicKey;
    private final VerifyingKey verifyingKey;

    private SigningKey(PrivateKey privateKey, PublicKey publicKey) {
        this.privateKey = privateKey;
        this.publicKey = publicKey;
        this.verifyingKey = VerifyingKey.of(publicKey);
    }

    /** A new key from the platform's randomness. */
    public static SigningKey generate() {
        try {
            KeyPair pair = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
            return new SigningKey(pair.getPrivate(), pair.getPublic());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java platform since 15 has Ed25519", e);
        }
    }

    /**
     * Reads the key in {@code file}.
     *
     * @throws TrustException {@code KEY_EXPOSED}, {@code KEY_MALFORMED}, {@code PEM_MALFORMED},
     *     {@code STORAGE}
     */
    public static SigningKey load(Path file) {
        String text = SafeFile.readSecret(file);
        int middle = text.indexOf(PUBLIC_BLOCK);
        if (middle < 0) {
            throw malformed(file, "it has no PUBLIC KEY block", null);
        }
        try {
            KeyFactory keys = KeyFactory.getInstance("Ed25519");
            SigningKey key =
                    new SigningKey(
                            keys.generatePrivate(
                                    new PKCS8EncodedKeySpec(
                                            Pem.decode("PRIVATE KEY", text.substring(0, middle)))),
                            keys.generatePublic(
                                    new X509EncodedKeySpec(
                                            Pem.decode("PUBLIC KEY", text.substring(middle)))));
            byte[] probe = {1};
            if (!key.verifyingKey.verifies(probe, key.sign(probe))) {
                throw malformed(file, "its two blocks do not belong together", null);
            }
            return key;
        } catch (GeneralSecurityException e) {
            throw malformed(file, "it is no Ed25519 key", e);
        }
    }

    /** Reads the key in {@code file}, or makes one there when the file is missing. */
    public static SigningKey loadOrCreate(Path file) {
        if (Files.exists(file)) {
            return load(file);
        }
        SigningKey key = generate();
        key.save(file);
        return key;
    }

    /** Writes the key to {@code file} with mode 0600. */
    public void save(Path file) {
        SafeFile.writeSecret(
                file,
                Pem.encode("PRIVATE KEY", privateKey.getEncoded())
                        + Pem.encode("PUBLIC KEY", publicKey.getEncoded()));
    }

    /** The half that everybody may know. */
    public VerifyingKey verifyingKey() {
        return verifyingKey;
    }

    /** The 64 bytes of the signature over {@code message}; always the same for the same message. */
    public byte[] sign(byte[] message) {
        try {
            Signature signer = Signature.getInstance("Ed25519");
            signer.initSign(privateKey);
            signer.update(message);
            return signer.sign();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("an Ed25519 key signs", e);
        }
    }

    /** The key's public half only. */
    @Override
    public String toString() {
        return "SigningKey[" + verifyingKey + "]";
    }

    private static TrustException malformed(Path file, String why, @Nullable Throwable cause) {
        return new TrustException(
                Code.KEY_MALFORMED,
                file + " is not a signing key of Tapestry: " + why + "; restore it from a backup",
                cause);
    }
}
