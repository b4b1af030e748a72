package dev.tapestry.coordinator;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tapestry.consortium.Digest;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.certificate.Certificates;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * Members' certificates, which the log knows by their digests only: when they end can be told also
 * of members that stay away. Thread-safe.
 */
final class CertificateShelf {

    private final Path folder;
    private final ConcurrentMap<Digest, Instant> ends = new ConcurrentHashMap<>();

    CertificateShelf(Path folder) {
        this.folder = folder;
    }

    /** Remembers a certificate that is shown, until the coordinator is closed. */
    void note(X509Certificate certificate) {
        ends.put(Certificates.fingerprint(certificate), Certificates.expiry(certificate));
    }

    /** Keeps a certificate that is a member's from now on. */
    void keep(X509Certificate certificate) {
        Digest digest = Certificates.fingerprint(certificate);
        if (!Files.exists(file(digest))) {
            FileTrees.create(folder);
            FileTrees.write(file(digest), Certificates.pem(certificate).getBytes(UTF_8));
        }
        note(certificate);
    }

    /** When a certificate ends; empty for one that was issued by an earlier build and not seen. */
    Optional<Instant> end(Digest digest) {
        Instant known = ends.get(digest);
        if (known != null) {
            return Optional.of(known);
        }
        if (!Files.exists(file(digest))) {
            return Optional.empty();
        }
        try {
            Instant end = Certificates.expiry(Certificates.parse(SafeFile.read(file(digest))));
            ends.put(digest, end);
            return Optional.of(end);
        } catch (TrustException _) {
            return Optional.empty(); // damaged; it is noted again when it is shown
        }
    }

    private Path file(Digest digest) {
        return folder.resolve(digest.hex() + ".pem");
    }
}
