package dev.tapestry.coordinator;

import static java.lang.System.Logger.Level.INFO;
import static java.lang.System.Logger.Level.WARNING;

import dev.tapestry.consortium.protocol.Ending;
import dev.tapestry.trust.certificate.CertificateAuthority;
import dev.tapestry.trust.certificate.KeyAndRequest;
import dev.tapestry.trust.certificate.Peer;
import dev.tapestry.trust.certificate.ServerIdentity;
import dev.tapestry.trust.certificate.TlsIdentity;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Renews the coordinator's and the steward's certificates, which lie beside the authority, and
 * tells the operator which others end soon. No node notices: the authority stays.
 */
final class CertificateWatch implements Runnable {

    private static final System.Logger LOG = System.getLogger(CertificateWatch.class.getName());
    private static final Duration INTERVAL = Duration.ofHours(1);
    private static final Duration REMINDER = Duration.ofDays(1);

    private final CoordinatorDirectory directory;
    private final List<String> hosts;
    private final CertificateAuthority authority;
    private final ServerIdentity server;
    private final Endings endings;
    private final Ledger ledger;
    private final SharedFiles shared;
    private final InstantSource clock;
    private final Map<String, Instant> told = new HashMap<>();

    CertificateWatch(
            CoordinatorDirectory directory,
            List<String> hosts,
            CertificateAuthority authority,
            ServerIdentity server,
            Endings endings,
            Ledger ledger,
            SharedFiles shared,
            InstantSource clock) {
        this.directory = directory;
        this.hosts = hosts;
        this.authority = authority;
        this.server = server;
        this.endings = endings;
        this.ledger = ledger;
        this.shared = shared;
        this.clock = clock;
    }

    /** Looks an hour after its start and every hour until it is interrupted. */
    @Override
    public void run() {
        try {
            while (true) {
                Thread.sleep(INTERVAL);
                look();
            }
        } catch (InterruptedException e) {
            // the coordinator closes
        }
    }

    /** Renews what is due and tells what ends; what fails is tried again the next time. */
    synchronized void look() {
        Instant now = clock.instant();
        try {
            if (isDue(server.identity(), now) || !hasNames(server.identity())) {
                server.show(renewed(directory.identity(), new Peer.Coordinator(), hosts, now));
            }
            if (TlsIdentity.isIn(directory.steward())
                    && isDue(TlsIdentity.open(directory.steward()), now)
                    && Founding.isSteward(directory, TlsIdentity.open(directory.steward()))) {
                Founding.pinSteward(
                        directory,
                        shared,
                        renewed(directory.steward(), new Peer.Steward(), List.of(), now));
            }
            endings.at(now, ledger.snapshot().consortium()).forEach(ending -> tell(ending, now));
        } catch (RuntimeException e) {
            LOG.log(WARNING, "certificates could not be looked after; next try in an hour", e);
        }
    }

    private static boolean isDue(TlsIdentity identity, Instant now) {
        return identity.term().isDue(now);
    }

    /** The operator may have given the coordinator another name in coordinator.yaml. */
    private boolean hasNames(TlsIdentity identity) {
        return CertificateAuthority.names(identity.certificate(), identity.peer(), hosts);
    }

    private TlsIdentity renewed(Path where, Peer peer, List<String> names, Instant now) {
        TlsIdentity next =
                Files.exists(directory.stewardPin())
                        ? withTheSameKey(where, peer, names, now)
                        : authority.establish(
                                where, peer, names, now, Founding.CERTIFICATE_LIFETIME);
        LOG.log(
                INFO,
                () ->
                        "certificate of the %s renewed; it ends at %s"
                                .formatted(peer.commonName(), next.term().until()));
        return next;
    }

    /** Since the coordinator moved, nodes know it by its certificate's key. */
    private TlsIdentity withTheSameKey(Path where, Peer peer, List<String> names, Instant now) {
        return TlsIdentity.install(
                where,
                authority.issue(
                        KeyAndRequest.createIn(where).requestPem(),
                        peer,
                        names,
                        now,
                        Founding.CERTIFICATE_LIFETIME),
                authority.certificate());
    }

    private void tell(Ending ending, Instant now) {
        Instant last = told.get(ending.holder());
        if (last == null || !now.isBefore(last.plus(REMINDER))) {
            told.put(ending.holder(), now);
            LOG.log(WARNING, () -> ending.line(now));
        }
    }
}
