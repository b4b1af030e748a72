package dev.tapestry.node;

import dev.tapestry.consortium.protocol.ConsortiumView;
import dev.tapestry.consortium.protocol.RenewalReply;
import dev.tapestry.consortium.protocol.RenewalRequest;
import dev.tapestry.node.NodeEvent.Verdict;
import dev.tapestry.node.egress.Answer;
import dev.tapestry.node.egress.CoordinatorClient;
import dev.tapestry.node.egress.EgressGate;
import dev.tapestry.node.egress.HttpProxy;
import dev.tapestry.node.egress.ReceiptBook;
import dev.tapestry.node.egress.Reply;
import dev.tapestry.node.egress.RetryPolicy;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.certificate.Certificates;
import dev.tapestry.trust.certificate.Renewal;
import dev.tapestry.trust.certificate.Term;
import dev.tapestry.trust.certificate.TlsIdentity;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Renews the node's certificate while the node works, on a thread of its own.
 *
 * <p>A new key is made here; its request goes over a connection that shows the present certificate.
 * What comes back is kept beside the present one, and shown once on a connection of its own: from
 * then on the coordinator counts it and no other. Only when it was let in there does the node take
 * it up. Cut off anywhere, it goes on with whichever counts; see {@link Renewal} for the files.
 */
final class CertificateKeeper implements AutoCloseable {

    private static final Duration INTERVAL = Duration.ofMinutes(1);
    private static final Duration AFTER_FAILURE = Duration.ofMinutes(10);
    private static final Duration REMINDER = Duration.ofDays(1);

    private final Path identity;
    private final Membership membership;
    private final Optional<HttpProxy> proxy;
    private final EgressGate gate;
    private final CoordinatorClient client;
    private final ReceiptBook receipts;
    private final RetryPolicy retries;
    private final NodeLog log;
    private final NodeProgress progress;
    private final InstantSource clock;
    private final Map<String, Instant> told = new HashMap<>();
    private final Object looking = new Object();
    private volatile Optional<String> trouble = Optional.empty();
    private volatile boolean closed;
    private Optional<Term> known = Optional.empty();
    private @Nullable Thread thread;

    CertificateKeeper(
            Path identity,
            Membership membership,
            Optional<HttpProxy> proxy,
            EgressGate gate,
            CoordinatorClient client,
            ReceiptBook receipts,
            RetryPolicy retries,
            NodeLog log,
            NodeProgress progress,
            InstantSource clock) {
        this.identity = identity;
        this.membership = membership;
        this.proxy = proxy;
        this.gate = gate;
        this.client = client;
        this.receipts = receipts;
        this.retries = retries;
        this.log = log;
        this.progress = progress;
        this.clock = clock;
        // What was issued before a restart may be the one that counts already.
        gate.renewing(Renewal.of(identity).isIssued());
    }

    /** Looks now and every minute until it is closed. */
    synchronized void begin() {
        if (thread == null) {
            thread = Thread.ofVirtual().name("certificate").start(this::work);
        }
    }

    private void work() {
        try {
            while (true) {
                look();
                if (closed) {
                    return; // whatever it was interrupted in may have taken the interrupt
                }
                Thread.sleep(trouble.isPresent() ? AFTER_FAILURE : INTERVAL);
            }
        } catch (InterruptedException e) {
            // closed
        }
    }

    /**
     * Renews what is due, and says what ends soon. Nothing that hinders it ends the renewing: it is
     * tried again at the next look.
     */
    void look() {
        synchronized (looking) {
            trouble = Optional.empty();
            try {
                known = Optional.of(TlsIdentity.open(identity).term());
                renew(Renewal.of(identity));
                known = Optional.of(TlsIdentity.open(identity).term());
            } catch (IOException | RuntimeException e) {
                if (closed) {
                    return; // it was interrupted
                }
                trouble = Optional.of(String.valueOf(e.getMessage()));
            }
            known.ifPresent(this::tell);
        }
    }

    private void renew(Renewal renewal) throws IOException {
        Optional<TlsIdentity> issued = issued(renewal);
        if (issued.isPresent()) {
            use(renewal, issued.get());
        }
    }

    /**
     * The coordinator's clock, by which terms are meant, as far as it is known: before a
     * certificate is taken for one that has ended, it is asked for.
     */
    private Instant now(Term term) {
        if (term.isOver(gate.there())) {
            try {
                client.statusOnce();
            } catch (IOException | RuntimeException _) {
                // Then this machine's clock is all there is.
            }
        }
        return gate.there();
    }

    private Optional<TlsIdentity> issued(Renewal renewal) throws IOException {
        Instant now = now(TlsIdentity.open(identity).term());
        Optional<TlsIdentity> issued = renewal.issued();
        if (issued.isPresent() && issued.get().term().isOver(now)) {
            forget(renewal);
            issued = Optional.empty();
        }
        gate.renewing(issued.isPresent());
        Term term = TlsIdentity.open(identity).term();
        return issued.isPresent() || !term.isDue(now) || term.isOver(now) ? issued : ask(renewal);
    }

    private Optional<TlsIdentity> ask(Renewal renewal) throws IOException {
        RenewalRequest request = new RenewalRequest(renewal.request().requestPem());
        switch (client.renewOnce(request)) {
            case Reply.Given<RenewalReply>(RenewalReply given) -> {
                try {
                    return Optional.of(renewal.keep(Certificates.parse(given.certificate())));
                } catch (TrustException e) {
                    forget(renewal); // the next attempt is made with another key
                    throw e;
                }
            }
            case Reply.Denied<RenewalReply>(Answer.Refused refused) -> {
                if (refused.code().equals("BAD_CERTIFICATE_REQUEST")) {
                    forget(renewal);
                }
                trouble = Optional.of(refused.code() + ": " + refused.detail());
                return Optional.empty();
            }
        }
    }

    /** Shows what was issued for the first time; from then on the coordinator counts no other. */
    private void use(Renewal renewal, TlsIdentity issued) throws IOException {
        gate.renewing(true);
        try (EgressGate next =
                EgressGate.to(
                        membership.coordinator(),
                        proxy,
                        issued,
                        membership.certificateKey(),
                        receipts,
                        retries,
                        outage -> {})) {
            switch (new CoordinatorClient(next).consortiumOnce()) {
                case Reply.Given<ConsortiumView> _ -> takeUp(renewal);
                case Reply.Denied<ConsortiumView>(Answer.Refused refused) -> {
                    trouble = Optional.of(refused.code() + ": " + refused.detail());
                    if (refused.code().equals("CERTIFICATE_REPLACED")) {
                        forget(renewal); // the coordinator knows nothing of it: the present counts
                    }
                }
            }
        }
    }

    private void takeUp(Renewal renewal) {
        TlsIdentity now = renewal.accept();
        gate.show(now, membership.certificateKey());
        Instant until = now.term().until();
        log.decided(
                clock.instant(),
                Optional.empty(),
                Verdict.RENEWED,
                "certificate %s with a new key, until %s"
                        .formatted(Certificates.fingerprint(now.certificate()), until));
        progress.on(new NodeUpdate.CertificateRenewed(clock.instant(), until));
    }

    private void forget(Renewal renewal) {
        renewal.discard();
        gate.renewing(false);
    }

    private void tell(Term term) {
        Instant now = gate.there();
        if (term.authorityEndsSoon(now)) {
            tell(
                    now,
                    "the consortium's authority",
                    term.authorityUntil(),
                    "no certificate outlives it; ask the steward where the consortium goes on");
        }
        if (term.endsSoon(now) || trouble.isPresent()) {
            tell(now, "this node's certificate", term.until(), next(term, now));
        }
    }

    private String next(Term term, Instant now) {
        if (term.isOver(now)) {
            return "ask the steward for a new token, stop this node and join with it in this directory";
        }
        return term.isLast()
                ? "it ends with the consortium's authority"
                : trouble.map(why ->
                                "it could not be renewed yet, the node tries again by itself: "
                                        + why)
                        .orElse("the node renews it by itself");
    }

    private void tell(Instant now, String subject, Instant until, String next) {
        Instant last = told.get(subject + next);
        if (last == null || !now.isBefore(last.plus(REMINDER))) {
            told.put(subject + next, now);
            progress.on(new NodeUpdate.CertificateEnds(now, subject, until, next));
        }
    }

    /** Renews no more. */
    @Override
    public void close() {
        closed = true;
        Thread working;
        synchronized (this) {
            working = thread;
        }
        if (working != null) {
            working.interrupt();
            try {
                working.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
