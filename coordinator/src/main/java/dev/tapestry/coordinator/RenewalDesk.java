package dev.tapestry.coordinator;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.Member;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.protocol.RenewalReply;
import dev.tapestry.consortium.protocol.RenewalRequest;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.certificate.CertificateAuthority;
import dev.tapestry.trust.certificate.Certificates;
import dev.tapestry.trust.certificate.Peer;
import dev.tapestry.trust.certificate.Term;
import dev.tapestry.trust.json.CanonicalJson;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * Renews members' certificates. Thread-safe.
 *
 * <p>What is issued here is an offer and lies beside the log: it counts when it is shown for the
 * first time, and only while the certificate that it replaces still is the member's. That first use
 * is the event; until then the certificate before counts. So a node that lost the answer, or its
 * new key, has lost nothing; and a revocation, or an enrolment with a new token, makes every offer
 * from before it void.
 */
final class RenewalDesk {

    private final Ledger ledger;
    private final CertificateAuthority authority;
    private final CertificateShelf shelf;
    private final Path offers;
    private final SharedFiles shared;
    private final InstantSource clock;

    /** Whose offers were looked for where another coordinator may have left them. */
    private final Set<MemberId> asked = ConcurrentHashMap.newKeySet();

    /** Held while something of a member's is looked up or written; others do not wait for that. */
    private final ConcurrentMap<MemberId, ReentrantLock> locks = new ConcurrentHashMap<>();

    /**
     * What a member was offered last.
     *
     * @param claimant digest of the request; who asks the same again gets the same again
     * @param replaced the certificate with which it asked
     * @param reply the answer
     */
    private record Offer(Digest claimant, Digest replaced, RenewalReply reply) {

        Digest certificate() {
            return Certificates.fingerprint(Certificates.parse(reply.certificate()));
        }
    }

    RenewalDesk(
            Ledger ledger,
            CertificateAuthority authority,
            CertificateShelf shelf,
            Path offers,
            SharedFiles shared,
            InstantSource clock) {
        this.ledger = ledger;
        this.authority = authority;
        this.shelf = shelf;
        this.offers = offers;
        this.shared = shared;
        this.clock = clock;
        FileTrees.create(offers);
    }

    /**
     * Issues a member's next certificate.
     *
     * @param shown with which the member asks, and which counts
     * @throws ApiRefusal {@code RENEWAL_NOT_DUE}, {@code BAD_CERTIFICATE_REQUEST}
     */
    RenewalReply renew(MemberId member, X509Certificate shown, RenewalRequest request) {
        return alone(member, () -> renewed(member, shown, request));
    }

    private <T> T alone(MemberId member, Supplier<T> work) {
        ReentrantLock one = locks.computeIfAbsent(member, _ -> new ReentrantLock());
        one.lock();
        try {
            return work.get();
        } finally {
            one.unlock();
        }
    }

    private RenewalReply renewed(MemberId member, X509Certificate shown, RenewalRequest request) {
        Instant now = clock.instant();
        Digest claimant = CanonicalJson.digest(request);
        Digest replaced = Certificates.fingerprint(shown);
        Optional<Offer> before = offer(member);
        if (before.isPresent()
                && before.get().claimant().equals(claimant)
                && before.get().replaced().equals(replaced)) {
            return before.get().reply();
        }
        requireRenewable(Term.of(shown, authority.certificate()), now);
        X509Certificate next = issue(member, shown, request, now);
        RenewalReply reply =
                new RenewalReply(Certificates.pem(next), Certificates.pem(authority.certificate()));
        FileTrees.write(file(member), CanonicalJson.write(new Offer(claimant, replaced, reply)));
        shared.keepAnew(file(member));
        return reply;
    }

    /** Or a member could fill the log with renewals. */
    private static void requireRenewable(Term term, Instant now) {
        if (term.isLast()) {
            throw new ApiRefusal(
                    ApiCode.RENEWAL_NOT_DUE,
                    "the certificate ends when the consortium's authority does, at %s; another would end no later"
                            .formatted(term.authorityUntil()));
        }
        if (now.isBefore(term.renewable())) {
            throw new ApiRefusal(
                    ApiCode.RENEWAL_NOT_DUE,
                    "the certificate is valid until %s and is renewed from %s on"
                            .formatted(term.until(), term.renewable()));
        }
    }

    private X509Certificate issue(
            MemberId member, X509Certificate shown, RenewalRequest request, Instant now) {
        X509Certificate next;
        try {
            next =
                    authority.issue(
                            request.certificateRequest(),
                            new Peer.Member(member),
                            List.of(),
                            now,
                            Founding.CERTIFICATE_LIFETIME);
        } catch (TrustException e) {
            throw new ApiRefusal(ApiCode.BAD_CERTIFICATE_REQUEST, String.valueOf(e.getMessage()));
        }
        if (next.getPublicKey().equals(shown.getPublicKey())) {
            throw new ApiRefusal(
                    ApiCode.BAD_CERTIFICATE_REQUEST,
                    "the request is for the key that is in use; make a new one");
        }
        return next;
    }

    /**
     * Whether a certificate that is not the member's becomes it now, by its first use. If so the
     * log says it.
     */
    boolean begins(MemberId member, X509Certificate shown) {
        return alone(member, () -> begun(member, shown));
    }

    private boolean begun(MemberId member, X509Certificate shown) {
        Digest certificate = Certificates.fingerprint(shown);
        Optional<Offer> offer = offer(member).filter(it -> it.certificate().equals(certificate));
        if (offer.isEmpty()) {
            return false;
        }
        shelf.keep(shown);
        Ledger.Change change =
                ledger.change(state ->
                        state.renewal(
                                member, offer.get().replaced(), certificate, clock.instant()));
        Member now = change.after().consortium().members().get(member);
        return now != null && now.active() && now.certificate().equals(certificate);
    }

    private Optional<Offer> offer(MemberId member) {
        if (!asked.contains(member)) {
            shared.fetchAnew(file(member), _ -> {});
            asked.add(member); // only now: where the store gave no answer it is asked again
        }
        return Files.exists(file(member))
                ? Optional.of(CanonicalJson.read(SafeFile.readBytes(file(member)), Offer.class))
                : Optional.empty();
    }

    private Path file(MemberId member) {
        return offers.resolve(member + ".json");
    }
}
