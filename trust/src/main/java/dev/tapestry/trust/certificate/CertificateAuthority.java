package dev.tapestry.trust.certificate;

import dev.tapestry.consortium.Digest;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * The consortium's certificate authority: it signs who is who, and keeps one secret file.
 *
 * <p>It decides everything in a certificate; of a request it takes only the public key, after
 * checking that the asker holds the private one. Thread-safe.
 */
public final class CertificateAuthority {

    /** How long the authority itself is valid. */
    public static final Duration LIFETIME = Duration.ofDays(3650);

    /** Certificates begin this long before they are issued, for clocks that are behind. */
    public static final Duration CLOCK_SKEW = Duration.ofMinutes(5);

    private static final String KEY = "ca-key.pem";
    private static final String CERTIFICATE = "ca.pem";
    private static final SecureRandom RANDOM = new SecureRandom();

    private final PrivateKey key;
    private final X509Certificate certificate;

    private CertificateAuthority(PrivateKey key, X509Certificate certificate) {
        this.key = key;
        this.certificate = certificate;
    }

    /**
     * Founds an authority in an empty or missing directory.
     *
     * @param consortium its name, as it will stand in every certificate
     * @throws TrustException {@code STORAGE} when there is one already
     */
    public static CertificateAuthority create(Path directory, String consortium, Instant now) {
        if (Files.exists(directory.resolve(KEY)) || Files.exists(directory.resolve(CERTIFICATE))) {
            throw new TrustException(
                    Code.STORAGE,
                    directory + " already holds a certificate authority; it is never overwritten");
        }
        KeyPair pair = EcKeys.generate();
        X509Certificate certificate =
                Issuance.authority(consortium, pair, serial(), now.minus(CLOCK_SKEW), LIFETIME);
        EcKeys.save(pair.getPrivate(), directory.resolve(KEY));
        SafeFile.write(directory.resolve(CERTIFICATE), Certificates.pem(certificate));
        return new CertificateAuthority(pair.getPrivate(), certificate);
    }

    /**
     * Opens the authority in this directory.
     *
     * @throws TrustException {@code KEY_EXPOSED}, {@code KEY_MALFORMED}, {@code
     *     CERTIFICATE_REFUSED}, {@code STORAGE}
     */
    public static CertificateAuthority open(Path directory) {
        X509Certificate certificate =
                Certificates.parse(SafeFile.read(directory.resolve(CERTIFICATE)));
        PrivateKey key = EcKeys.load(directory.resolve(KEY));
        if (!EcKeys.match(key, certificate.getPublicKey())) {
            throw new TrustException(
                    Code.KEY_MALFORMED,
                    directory + ": " + KEY + " does not belong to " + CERTIFICATE);
        }
        return new CertificateAuthority(key, certificate);
    }

    /** The authority's own certificate. */
    public X509Certificate certificate() {
        return certificate;
    }

    /** What others pin this authority by. */
    public Digest fingerprint() {
        return Certificates.fingerprint(certificate);
    }

    /**
     * Refuses what cannot stand in a certificate as a peer's host.
     *
     * @param host a DNS name or a literal IP address
     * @throws TrustException {@code REQUEST_REFUSED}
     */
    public static void requireHost(String host) {
        Issuance.name(host);
    }

    /**
     * Issues a certificate for the key in a request.
     *
     * @param requestPem a PKCS#10 request with a P-256 key; its subject and wishes are ignored
     * @param peer who holds the key
     * @param hosts DNS names and literal IP addresses under which the peer is reached; empty for
     *     members, who are never called
     * @param validity from {@code now}; never beyond the authority's own end
     * @throws TrustException {@code REQUEST_REFUSED}, {@code PEM_MALFORMED}
     */
    public X509Certificate issue(
            String requestPem, Peer peer, List<String> hosts, Instant now, Duration validity) {
        PublicKey requested = Issuance.requestedKey(requestPem);
        Instant end = now.plus(validity);
        Instant latest = Certificates.expiry(certificate);
        return Issuance.certificate(
                new Issuance.Order(
                        requested,
                        peer,
                        hosts,
                        serial(),
                        now.minus(CLOCK_SKEW),
                        end.isBefore(latest) ? end : latest),
                key,
                certificate);
    }

    /**
     * Makes key, certificate and {@code ca.pem} for the coordinator itself, on the machine that has
     * the authority.
     */
    public TlsIdentity establishCoordinator(
            Path directory, List<String> hosts, Instant now, Duration validity) {
        return establish(directory, new Peer.Coordinator(), hosts, now, validity);
    }

    /**
     * Makes key, certificate and {@code ca.pem} for somebody on the machine that has the authority;
     * those of an identity that is there already are renewed, with a new key.
     *
     * @param hosts under which the peer is reached; empty for who is never called
     */
    public TlsIdentity establish(
            Path directory, Peer peer, List<String> hosts, Instant now, Duration validity) {
        if (!isOf(directory, peer)) {
            KeyAndRequest request = KeyAndRequest.createIn(directory);
            return TlsIdentity.install(
                    directory,
                    issue(request.requestPem(), peer, hosts, now, validity),
                    certificate);
        }
        Renewal renewal = Renewal.of(directory);
        renewal.settle();
        renewal.keep(issue(renewal.request().requestPem(), peer, hosts, now, validity));
        return renewal.accept();
    }

    private boolean isOf(Path directory, Peer peer) {
        if (!TlsIdentity.isIn(directory)) {
            return false;
        }
        TlsIdentity present = TlsIdentity.open(directory);
        if (!present.peer().equals(peer) || !present.authority().equals(certificate)) {
            throw new TrustException(
                    Code.CERTIFICATE_REFUSED,
                    "%s is the identity of %s, or of another consortium; it is left as it is"
                            .formatted(directory, present.peer().uri()));
        }
        return true;
    }

    /** Whether a certificate names exactly these hosts. */
    public static boolean names(X509Certificate certificate, Peer peer, List<String> hosts) {
        return Issuance.names(certificate, peer, hosts);
    }

    /** Positive, 127 random bits (RFC 5280 §4.1.2.2 allows 20 octets). */
    private static BigInteger serial() {
        return new BigInteger(127, RANDOM).setBit(126);
    }
}
