package dev.tapestry.trust.certificate;

import dev.tapestry.consortium.MemberId;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/** Who holds a certificate of the consortium. */
public sealed interface Peer {

    /** The one that receives, merges and publishes. */
    record Coordinator() implements Peer {}

    /** The person who runs the consortium's business: tokens, runs, revocations. */
    record Steward() implements Peer {}

    /** A member's node. */
    record Member(MemberId id) implements Peer {}

    /** The name in the certificate's subject. */
    default String commonName() {
        return switch (this) {
            case Coordinator() -> "coordinator";
            case Steward() -> "steward";
            case Member(MemberId id) -> id.value();
        };
    }

    /** The name among the certificate's subject alternative names that decides the role. */
    default String uri() {
        return switch (this) {
            case Coordinator() -> "tapestry://coordinator";
            case Steward() -> "tapestry://steward";
            case Member(MemberId id) -> "tapestry://member/" + id.value();
        };
    }

    /**
     * Reads who a certificate is for; whether it is genuine was decided in the TLS handshake.
     *
     * @throws TrustException {@code CERTIFICATE_REFUSED} when it names nobody, or two
     */
    static Peer of(X509Certificate certificate) {
        List<String> uris = uris(certificate);
        if (uris.size() == 1) {
            Optional<Peer> peer = parse(uris.getFirst());
            if (peer.isPresent() && certificateName(certificate).equals(peer.get().commonName())) {
                return peer.get();
            }
        }
        throw new TrustException(
                Code.CERTIFICATE_REFUSED,
                "the certificate of '"
                        + certificate.getSubjectX500Principal().getName()
                        + "' names no member, steward or coordinator (its URIs: "
                        + uris
                        + "); enrol again");
    }

    private static Optional<Peer> parse(String uri) {
        if (uri.equals(new Coordinator().uri())) {
            return Optional.of(new Coordinator());
        }
        if (uri.equals(new Steward().uri())) {
            return Optional.of(new Steward());
        }
        String prefix = "tapestry://member/";
        if (!uri.startsWith(prefix)) {
            return Optional.empty();
        }
        try {
            return Optional.of(new Member(new MemberId(uri.substring(prefix.length()))));
        } catch (IllegalArgumentException _) {
            return Optional.empty();
        }
    }

    private static String certificateName(X509Certificate certificate) {
        String subject = certificate.getSubjectX500Principal().getName();
        return subject.startsWith("CN=") ? subject.substring(3) : subject;
    }

    private static List<String> uris(X509Certificate certificate) {
        try {
            Collection<List<?>> names = certificate.getSubjectAlternativeNames();
            return names == null
                    ? List.of()
                    : names.stream()
                            .filter(name -> Integer.valueOf(6).equals(name.get(0)))
                            .map(name -> String.valueOf(name.get(1)))
                            .toList();
        } catch (CertificateParsingException _) {
            return List.of();
        }
    }
}
