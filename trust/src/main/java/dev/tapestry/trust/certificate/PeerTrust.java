package dev.tapestry.trust.certificate;

import dev.tapestry.consortium.Digest;
import dev.tapestry.trust.TrustException;
import java.io.IOException;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateException;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Consumer;
import javax.net.ssl.CertPathTrustManagerParameters;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/**
 * Decides in the handshake whom to believe: the chain must end in the consortium's authority (the
 * JDK's PKIX rules), the host name must fit, and the role must be the right one.
 *
 * <p>A caller that switched the host name check off is refused instead of being trusted.
 */
final class PeerTrust extends X509ExtendedTrustManager {

    private final @Nullable X509Certificate authority;
    private final @Nullable Digest pinned;

    /** The SHA-256 of the only public key that is the coordinator's; any, where it is empty. */
    private final Optional<Digest> coordinatorKey;

    /** Hears whose dates were not looked at; where nobody does, they are. */
    private final @Nullable Consumer<X509Certificate> undated;

    private PeerTrust(
            @Nullable X509Certificate authority,
            @Nullable Digest pinned,
            Optional<Digest> coordinatorKey,
            @Nullable Consumer<X509Certificate> undated) {
        this.authority = authority;
        this.pinned = pinned;
        this.coordinatorKey = coordinatorKey;
        this.undated = undated;
    }

    /** Believes what this authority issued. */
    static PeerTrust of(X509Certificate authority) {
        return of(authority, Optional.empty());
    }

    /** Believes what this authority issued, a coordinator only with this key. */
    static PeerTrust of(X509Certificate authority, Optional<Digest> coordinatorKey) {
        return new PeerTrust(authority, null, coordinatorKey, null);
    }

    /** Believes a chain whose last certificate has this fingerprint. */
    static PeerTrust pinned(Digest fingerprint) {
        return new PeerTrust(null, fingerprint, Optional.empty(), null);
    }

    /**
     * The same for a coordinator whose certificate has ended, or has not begun; only for a {@link
     * ClockProbe}.
     *
     * @param seen hears of the certificate of one that is genuine otherwise
     */
    PeerTrust whateverTheDates(Consumer<X509Certificate> seen) {
        return new PeerTrust(authority, pinned, coordinatorKey, seen);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
            throws CertificateException {
        requireHostCheck(engine.getSSLParameters());
        X509ExtendedTrustManager pkix = pkix(chain);
        requireCoordinator(chain, authType, pkix);
        try {
            pkix.checkServerTrusted(chain, authType, engine);
        } catch (CertificateException e) {
            throw wrongHost(e);
        }
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
            throws CertificateException {
        if (socket instanceof SSLSocket secure) {
            requireHostCheck(secure.getSSLParameters());
        }
        X509ExtendedTrustManager pkix = pkix(chain);
        requireCoordinator(chain, authType, pkix);
        try {
            pkix.checkServerTrusted(chain, authType, socket);
        } catch (CertificateException e) {
            throw wrongHost(e);
        }
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType)
            throws CertificateException {
        throw new PeerRefusedException(
                TlsProblem.OTHER, "without a connection no host name can be checked", null);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
            throws CertificateException {
        checkClientTrusted(chain, authType);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
            throws CertificateException {
        checkClientTrusted(chain, authType);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType)
            throws CertificateException {
        X509ExtendedTrustManager pkix = pkix(chain);
        try {
            pkix.checkClientTrusted(chain, authType);
            Peer.of(chain[0]);
        } catch (CertificateException e) {
            throw pathProblem(e);
        } catch (TrustException e) {
            throw new PeerRefusedException(
                    TlsProblem.WRONG_ROLE, String.valueOf(e.getMessage()), e);
        }
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return authority == null ? new X509Certificate[0] : new X509Certificate[] {authority};
    }

    private void requireCoordinator(
            X509Certificate[] chain, String authType, X509ExtendedTrustManager pkix)
            throws CertificateException {
        try {
            // First without the connection: what fails here is not the host name.
            pkix.checkServerTrusted(chain, authType);
        } catch (CertificateException e) {
            PeerRefusedException problem = pathProblem(e);
            boolean genuine = issuedBy(chain[0], pkix.getAcceptedIssuers());
            throw problem.problem() == TlsProblem.WRONG_AUTHORITY && genuine
                    ? new PeerRefusedException(TlsProblem.WRONG_ROLE, named(chain[0]), e)
                    : problem;
        }
        try {
            if (Peer.of(chain[0]) instanceof Peer.Coordinator) {
                requireKey(chain[0]);
                if (undated != null) {
                    undated.accept(chain[0]);
                }
                return;
            }
        } catch (TrustException _) {
            // It names nobody: as wrong as a member.
        }
        throw new PeerRefusedException(TlsProblem.WRONG_ROLE, named(chain[0]), null);
    }

    private void requireKey(X509Certificate coordinator) throws CertificateException {
        Digest shown = Digest.of(coordinator.getPublicKey().getEncoded());
        if (coordinatorKey.filter(key -> !key.equals(shown)).isPresent()) {
            throw new PeerRefusedException(
                    TlsProblem.WRONG_ROLE,
                    "the members moved the coordinator to another key than " + shown,
                    null);
        }
    }

    private X509ExtendedTrustManager pkix(X509Certificate[] chain) throws CertificateException {
        X509Certificate anchor = authority;
        if (anchor == null) {
            anchor = chain[chain.length - 1];
            Digest fingerprint = Certificates.fingerprint(anchor);
            if (!fingerprint.equals(pinned)) {
                throw new PeerRefusedException(
                        TlsProblem.WRONG_AUTHORITY,
                        "the token names the authority " + pinned + ", the server " + fingerprint,
                        null);
            }
        }
        return pkix(anchor, undated == null ? Optional.empty() : Optional.of(chain[0]));
    }

    /** The platform's rules, at this moment or at one at which a certificate is valid. */
    private static X509ExtendedTrustManager pkix(
            X509Certificate anchor, Optional<X509Certificate> undated) throws CertificateException {
        try {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            store.setCertificateEntry("consortium", anchor);
            TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
            if (undated.isPresent()) {
                PKIXBuilderParameters rules =
                        new PKIXBuilderParameters(store, new X509CertSelector());
                rules.setRevocationEnabled(false); // as it is without these parameters
                rules.setDate(undated.get().getNotAfter());
                factory.init(new CertPathTrustManagerParameters(rules));
            } else {
                factory.init(store);
            }
            return (X509ExtendedTrustManager) factory.getTrustManagers()[0];
        } catch (GeneralSecurityException | IOException e) {
            throw new CertificateException("the platform's PKIX rules cannot be set up", e);
        }
    }

    private static void requireHostCheck(SSLParameters parameters) throws CertificateException {
        String algorithm = parameters.getEndpointIdentificationAlgorithm();
        if (algorithm == null || algorithm.isEmpty()) {
            throw new PeerRefusedException(
                    TlsProblem.OTHER, "this program switched the host name check off", null);
        }
    }

    private static boolean issuedBy(X509Certificate leaf, X509Certificate[] authorities) {
        return Arrays.stream(authorities)
                .anyMatch(authority -> {
                    try {
                        leaf.verify(authority.getPublicKey());
                        return true;
                    } catch (GeneralSecurityException _) {
                        return false;
                    }
                });
    }

    private static PeerRefusedException pathProblem(CertificateException failure) {
        TlsProblem problem = TlsProblem.of(failure);
        return new PeerRefusedException(
                problem == TlsProblem.OTHER ? TlsProblem.WRONG_AUTHORITY : problem,
                String.valueOf(failure.getMessage()),
                failure);
    }

    private static PeerRefusedException wrongHost(CertificateException failure) {
        return new PeerRefusedException(
                TlsProblem.WRONG_HOST, String.valueOf(failure.getMessage()), failure);
    }

    private static String named(X509Certificate certificate) {
        return certificate.getSubjectX500Principal().getName();
    }
}
