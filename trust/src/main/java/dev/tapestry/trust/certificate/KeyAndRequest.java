package dev.tapestry.trust.certificate;

import dev.tapestry.consortium.Digest;
import dev.tapestry.trust.Pem;
import dev.tapestry.trust.SafeFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;

/**
 * A new key that stays where it was made, and the request that travels in its stead.
 *
 * <p>Key and request are on disk before the request is sent, so that an enrolment that was cut off
 * can be repeated with the same ones.
 */
public final class KeyAndRequest {

    static final String KEY = "key.pem";
    static final String REQUEST = "request.pem";

    private final String requestPem;

    private KeyAndRequest(String requestPem) {
        this.requestPem = requestPem;
    }

    /** Makes {@code key.pem} (0600) and {@code request.pem} in a directory, or finds them there. */
    public static KeyAndRequest createIn(Path directory) {
        Path request = directory.resolve(REQUEST);
        if (Files.exists(directory.resolve(KEY)) && Files.exists(request)) {
            SafeFile.readSecret(directory.resolve(KEY));
            return new KeyAndRequest(SafeFile.read(request));
        }
        KeyPair pair = EcKeys.generate();
        String pem = Issuance.request(pair);
        EcKeys.save(pair.getPrivate(), directory.resolve(KEY));
        SafeFile.write(request, pem);
        return new KeyAndRequest(pem);
    }

    /** The SHA-256 of the public key (its SubjectPublicKeyInfo). */
    public Digest keyDigest() {
        return Digest.of(Issuance.requestedKey(requestPem).getEncoded());
    }

    /** The PKCS#10 request as a PEM block; {@link Pem#MAX_LENGTH} bounds it. */
    public String requestPem() {
        return requestPem;
    }
}
