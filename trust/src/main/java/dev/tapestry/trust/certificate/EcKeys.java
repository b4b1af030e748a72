package dev.tapestry.trust.certificate;

import dev.tapestry.trust.Pem;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;

/** ECDSA keys on the curve P-256 and their files. */
final class EcKeys {

    private EcKeys() {}

    static KeyPair generate() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java platform has P-256", e);
        }
    }

    static void save(PrivateKey key, Path file) {
        SafeFile.writeSecret(file, Pem.encode("PRIVATE KEY", key.getEncoded()));
    }

    static PrivateKey load(Path file) {
        try {
            return KeyFactory.getInstance("EC")
                    .generatePrivate(
                            new PKCS8EncodedKeySpec(
                                    Pem.decode("PRIVATE KEY", SafeFile.readSecret(file))));
        } catch (GeneralSecurityException e) {
            throw new TrustException(
                    Code.KEY_MALFORMED,
                    file + " holds no ECDSA key; restore it from a backup or enrol again",
                    e);
        }
    }

    /** Whether this is a point of P-256 (the only curve that Tapestry's certificates use). */
    static boolean isP256(PublicKey key) {
        return key instanceof ECPublicKey ec
                && ec.getParams().getOrder().bitLength() == 256
                && ec.getParams().toString().contains("secp256r1");
    }

    /** Whether the two halves belong together. */
    static boolean match(PrivateKey privateKey, PublicKey publicKey) {
        try {
            byte[] probe = {1, 2, 3};
            Signature ecdsa = Signature.getInstance("SHA256withECDSA");
            ecdsa.initSign(privateKey);
            ecdsa.update(probe);
            byte[] signature = ecdsa.sign();
            ecdsa.initVerify(publicKey);
            ecdsa.update(probe);
            return ecdsa.verify(signature);
        } catch (GeneralSecurityException _) {
            return false;
        }
    }
}
