package dev.tapestry.trust.certificate;

import dev.tapestry.consortium.Digest;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Optional;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;

/**
 * Who this process is on the network: its key, its certificate and the authority it believes in.
 * Immutable and thread-safe; open it again after {@link Renewal} of the certificate.
 */
public final class TlsIdentity {

    static final String CERTIFICATE = "certificate.pem";
    static final String AUTHORITY = "ca.pem";
    private static final String PROTOCOL = "TLSv1.3";

    private final PrivateKey key;
    private final X509Certificate certificate;
    private final X509Certificate authority;
    private final Peer peer;

    private TlsIdentity(PrivateKey key, X509Certificate certificate, X509Certificate authority) {
        Certificates.requireIssued(certificate, authority);
        if (!EcKeys.match(key, certificate.getPublicKey())) {
            throw new TrustException(
                    Code.CERTIFICATE_REFUSED,
                    "the certificate of '"
                            + certificate.getSubjectX500Principal().getName()
                            + "' is for another key than the one in this directory; enrol again");
        }
        this.key = key;
        this.certificate = certificate;
        this.authority = authority;
        this.peer = Peer.of(certificate);
    }

    /** Whether a directory holds an identity (that may still turn out to be damaged). */
    public static boolean isIn(Path directory) {
        return Files.exists(directory.resolve(CERTIFICATE));
    }

    /**
     * Opens {@code key.pem}, {@code certificate.pem} and {@code ca.pem}; dates are not checked here
     * but in the handshake and by {@link TlsProblem#ofDates}.
     *
     * @throws TrustException {@code KEY_EXPOSED}, {@code KEY_MALFORMED}, {@code PEM_MALFORMED},
     *     {@code CERTIFICATE_REFUSED}, {@code STORAGE}
     */
    public static TlsIdentity open(Path directory) {
        try {
            return read(Renewal.place(directory));
        } catch (TrustException _) {
            // It may have been renewed meanwhile; what is wrong otherwise still is.
            return read(Renewal.place(directory));
        }
    }

    static TlsIdentity read(Path directory) {
        return new TlsIdentity(
                EcKeys.load(directory.resolve(KeyAndRequest.KEY)),
                Certificates.parse(SafeFile.read(directory.resolve(CERTIFICATE))),
                Certificates.parse(SafeFile.read(directory.resolve(AUTHORITY))));
    }

    /**
     * Puts a certificate beside the key it was issued for; checks everything before it writes.
     *
     * @throws TrustException {@code CERTIFICATE_REFUSED}: of another key or authority
     */
    public static TlsIdentity install(
            Path directory, X509Certificate certificate, X509Certificate authority) {
        TlsIdentity identity =
                new TlsIdentity(
                        EcKeys.load(directory.resolve(KeyAndRequest.KEY)), certificate, authority);
        SafeFile.write(directory.resolve(AUTHORITY), Certificates.pem(authority));
        SafeFile.write(directory.resolve(CERTIFICATE), Certificates.pem(certificate));
        return identity;
    }

    /**
     * {@link #install} of what an enrolment answered, when its authority is the one the token
     * named.
     */
    public static TlsIdentity installEnrolled(
            Path directory, String certificatePem, String authorityPem, Digest pinned) {
        X509Certificate authority = Certificates.parse(authorityPem);
        if (!Certificates.fingerprint(authority).equals(pinned)) {
            throw new TrustException(
                    Code.CERTIFICATE_REFUSED,
                    "the answer holds the authority "
                            + Certificates.fingerprint(authority)
                            + ", but the token names "
                            + pinned);
        }
        return install(directory, Certificates.parse(certificatePem), authority);
    }

    /** Who this is. */
    public Peer peer() {
        return peer;
    }

    /** The certificate shown to others. */
    public X509Certificate certificate() {
        return certificate;
    }

    /** The certificate of the consortium's authority. */
    public X509Certificate authority() {
        return authority;
    }

    /** How long the certificate is valid. */
    public Term term() {
        return Term.of(certificate, authority);
    }

    /**
     * What went wrong at this end or the other, as {@link TlsProblem#of}; where the other end did
     * not say why it refused this one, the dates of this end's certificate may.
     *
     * <p>In TLS 1.3 a client is done before the server has looked at its certificate. A server that
     * refuses it closes at once, and the client that writes then meets a broken connection in place
     * of the reason: about one time in five over loopback.
     */
    public TlsProblem problem(Throwable failure, Instant now) {
        TlsProblem problem = TlsProblem.of(failure);
        boolean untold =
                problem == TlsProblem.REFUSED_BY_PEER
                        || (problem == TlsProblem.OTHER && TlsProblem.brokeOff(failure));
        return untold ? TlsProblem.ofDates(certificate, now).orElse(problem) : problem;
    }

    /**
     * For a server; use it with {@link #serverParameters}. Clients that show a certificate are
     * checked; who they are is then {@link Peer#of} their first certificate.
     */
    public SSLContext server() {
        return context(keyManagers(), PeerTrust.of(authority));
    }

    /**
     * For a client that calls the coordinator; use it with {@link #clientParameters}. The server
     * must be the coordinator and have the host name that is called.
     */
    public SSLContext client() {
        return client(Optional.empty());
    }

    /**
     * The same, for a coordinator that must have a certain key.
     *
     * @param coordinatorKey the SHA-256 of its public key (SubjectPublicKeyInfo), if it is known
     */
    public SSLContext client(Optional<Digest> coordinatorKey) {
        return context(keyManagers(), PeerTrust.of(authority, coordinatorKey));
    }

    /**
     * For the first call, before there is an identity: accepts only a coordinator whose chain ends
     * in the authority with this fingerprint.
     */
    public static SSLContext firstContact(Digest authorityFingerprint) {
        return context(null, PeerTrust.pinned(authorityFingerprint));
    }

    /**
     * TLS 1.3; asks clients for a certificate and lets those in that have none yet, because they
     * enrol on the same port: each route checks.
     */
    public static SSLParameters serverParameters() {
        SSLParameters parameters = new SSLParameters();
        parameters.setProtocols(new String[] {PROTOCOL});
        parameters.setWantClientAuth(true);
        return parameters;
    }

    /** TLS 1.3, with the host name checked as for HTTPS (RFC 9110 §4.3.4). */
    public static SSLParameters clientParameters() {
        SSLParameters parameters = new SSLParameters();
        parameters.setProtocols(new String[] {PROTOCOL});
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        return parameters;
    }

    /** Says who, never the key. */
    @Override
    public String toString() {
        return "TlsIdentity[" + peer.uri() + "]";
    }

    /** The same as {@link #server} with keys that somebody else chooses. */
    SSLContext serverShowing(KeyManager keys) {
        return context(new KeyManager[] {keys}, PeerTrust.of(authority));
    }

    PrivateKey key() {
        return key;
    }

    /** The authority goes along, so that a first contact can pin it. */
    X509Certificate[] chain() {
        return new X509Certificate[] {certificate, authority};
    }

    private KeyManager[] keyManagers() {
        try {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            store.setKeyEntry("identity", key, new char[0], chain());
            // "PKIX" would take the key out of the store, thousands of hashes, in each handshake.
            KeyManagerFactory factory = KeyManagerFactory.getInstance("SunX509");
            factory.init(store, new char[0]);
            return factory.getKeyManagers();
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalStateException("keys cannot be held in memory", e);
        }
    }

    static SSLContext context(KeyManager @Nullable [] keys, PeerTrust trust) {
        try {
            SSLContext context = SSLContext.getInstance(PROTOCOL);
            context.init(keys, new TrustManager[] {trust}, null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java platform since 11 has TLS 1.3", e);
        }
    }
}
