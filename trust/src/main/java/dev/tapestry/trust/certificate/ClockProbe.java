package dev.tapestry.trust.certificate;

import dev.tapestry.consortium.Digest;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;

/**
 * Tells a wrong clock from a certificate that has ended, where a connection fails by dates. A
 * server is asked for its clock over a connection on which dates are not checked, and everything
 * else is: it must be the coordinator, of the right authority, with the host's name.
 *
 * <p>What comes back is for words to people. Nothing is admitted by it, this end shows no
 * certificate, and nothing but the time may be asked: whoever has a key that was the coordinator's
 * years ago could answer.
 */
public final class ClockProbe {

    private final SSLContext context;
    private final Optional<X509Certificate> own;
    private final AtomicReference<X509Certificate> seen = new AtomicReference<>();

    private ClockProbe(Optional<X509Certificate> own, PeerTrust trust) {
        this.own = own;
        this.context = TlsIdentity.context(null, trust.whateverTheDates(seen::set));
    }

    /** For whoever has an identity; {@code coordinatorKey} as in {@link TlsIdentity#client}. */
    public static ClockProbe of(TlsIdentity identity, Optional<Digest> coordinatorKey) {
        return new ClockProbe(
                Optional.of(identity.certificate()),
                PeerTrust.of(identity.authority(), coordinatorKey));
    }

    /** For whoever has none yet, as {@link TlsIdentity#firstContact}. */
    public static ClockProbe firstContact(Digest authorityFingerprint) {
        return new ClockProbe(Optional.empty(), PeerTrust.pinned(authorityFingerprint));
    }

    /** For the one connection; use it with {@link TlsIdentity#clientParameters}. */
    public SSLContext context() {
        return context;
    }

    /**
     * The difference of the clocks, if it is why dates do not fit: by one of the two clocks the
     * certificates of both ends are valid, by the other they are not.
     *
     * @param here this machine's clock
     * @param there the coordinator's, as it answered
     */
    public Optional<ClockSkew> cause(Instant here, Instant there) {
        ClockSkew skew = ClockSkew.between(here, here, there);
        return skew.matters() && fit(here) != fit(there) ? Optional.of(skew) : Optional.empty();
    }

    private boolean fit(Instant at) {
        return Stream.concat(own.stream(), Stream.ofNullable(seen.get()))
                .allMatch(certificate -> TlsProblem.ofDates(certificate, at).isEmpty());
    }
}
