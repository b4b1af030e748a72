package dev.tapestry.node;

import dev.tapestry.consortium.protocol.EnrolmentReply;
import dev.tapestry.consortium.protocol.EnrolmentRequest;
import dev.tapestry.node.NodeEvent.Verdict;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.egress.Answer;
import dev.tapestry.node.egress.CoordinatorClient;
import dev.tapestry.node.egress.EgressGate;
import dev.tapestry.node.egress.HttpProxy;
import dev.tapestry.node.egress.ReceiptBook;
import dev.tapestry.node.egress.Reply;
import dev.tapestry.node.egress.RetryPolicy;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.certificate.Certificates;
import dev.tapestry.trust.certificate.ClockProbe;
import dev.tapestry.trust.certificate.ClockSkew;
import dev.tapestry.trust.certificate.KeyAndRequest;
import dev.tapestry.trust.certificate.Peer;
import dev.tapestry.trust.certificate.Renewal;
import dev.tapestry.trust.certificate.TlsIdentity;
import dev.tapestry.trust.certificate.TlsProblem;
import dev.tapestry.trust.enrolment.EnrolmentToken;
import dev.tapestry.trust.signature.SigningKey;
import dev.tapestry.trust.signature.VerifyingKey;
import java.io.IOException;
import java.nio.file.Files;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Makes a directory a member's node. The keys are made here and stay here: what leaves is a
 * certificate request and a public key.
 *
 * <p>Keys and request are on disk before anything is sent, so that an enrolment that was cut off
 * can be repeated with the same token.
 *
 * <p>A node enrols again with a new token, when its certificate ends, say: the coordinator issues a
 * certificate for the same keys, and what the node has stays.
 */
public final class Enrolment {

    private final Optional<HttpProxy> proxy;
    private final InstantSource clock;
    private final RetryPolicy retries;
    private final Consumer<EgressGate.Outage> outages;

    /** How it went. */
    public sealed interface Outcome {
        /** Who this node is. */
        Membership membership();

        /** The node has joined now. */
        record Joined(Membership membership) implements Outcome {}

        /** It had joined before with this token; nothing was sent. */
        record JoinedBefore(Membership membership) implements Outcome {}
    }

    /**
     * An enrolment.
     *
     * @param proxy through which the coordinator is reached, if there is one
     * @param outages hears that the coordinator cannot be reached; the enrolment tries again
     */
    public Enrolment(
            Optional<HttpProxy> proxy,
            InstantSource clock,
            RetryPolicy retries,
            Consumer<EgressGate.Outage> outages) {
        this.proxy = proxy;
        this.clock = clock;
        this.retries = retries;
        this.outages = outages;
    }

    /** An enrolment by the system's clock. */
    public static Enrolment standard(
            Optional<HttpProxy> proxy, Consumer<EgressGate.Outage> outages) {
        return new Enrolment(
                proxy, InstantSource.system(), RetryPolicy.standard(new SecureRandom()), outages);
    }

    /**
     * Joins the consortium that the token is of, or enrols there again.
     *
     * @param token the line that the steward handed over
     * @throws NodeException {@code COORDINATOR_REFUSED}: the token is unknown, used or expired;
     *     {@code TLS}: the server is not of the consortium that the token names, or the certificate
     *     that this token gave has ended; {@code PROXY_CREDENTIALS}, {@code PROXY_REFUSED}; {@code
     *     ENROLLED_ELSEWHERE}: the directory is another member's node, or another consortium's
     * @throws TrustException {@code TOKEN_MALFORMED}; {@code LOG_IN_USE}: the node runs; {@code
     *     KEY_EXPOSED}, {@code KEY_MALFORMED}: nothing was sent
     */
    public Outcome join(NodeHome home, String token) {
        EnrolmentToken parsed = EnrolmentToken.parse(token);
        Optional<TlsIdentity> identity = identity(home);
        identity.ifPresent(known -> requireSame(home, known, parsed));
        Optional<Membership> before = membership(home);
        if (identity.isPresent() && before.isPresent() && wasUsed(home, parsed)) {
            requireNotEnded(home, identity.get(), parsed);
            return new Outcome.JoinedBefore(before.get());
        }
        SigningKey key = SigningKey.loadOrCreate(home.signingKey());
        try (NodeLog log = NodeLog.open(home.log(), parsed.member())) {
            Renewal renewal = Renewal.of(home.identity());
            renewal.settle();
            KeyAndRequest request = KeyAndRequest.createIn(home.identity());
            EnrolmentReply reply = enrol(log, parsed, request, key);
            TlsIdentity.installEnrolled(
                    home.identity(), reply.certificate(), reply.authority(), parsed.authority());
            renewal.discard(); // the enrolment makes void what was offered before it
            Membership membership =
                    new Membership(
                            reply.consortium(),
                            parsed.member(),
                            parsed.coordinator(),
                            new VerifyingKey(reply.coordinatorKey()));
            membership.write(home);
            SafeFile.write(home.usedToken(), parsed.secret().digest().hex());
            log.decided(
                    clock.instant(),
                    Optional.empty(),
                    Verdict.JOINED,
                    "%s as %s".formatted(reply.consortium(), parsed.member()));
            return new Outcome.Joined(membership);
        }
    }

    private EnrolmentReply enrol(
            NodeLog log, EnrolmentToken token, KeyAndRequest request, SigningKey key) {
        try (EgressGate gate = gate(log, token)) {
            Reply<EnrolmentReply> reply =
                    new CoordinatorClient(gate)
                            .enrol(
                                    new EnrolmentRequest(
                                            token.member(),
                                            token.secret().value(),
                                            request.requestPem(),
                                            key.verifyingKey().value()));
            return switch (reply) {
                case Reply.Given<EnrolmentReply>(EnrolmentReply given) -> given;
                case Reply.Denied<EnrolmentReply>(Answer.Refused refused) ->
                        throw new NodeException(
                                Code.COORDINATOR_REFUSED,
                                "the coordinator does not enrol %s: %s: %s"
                                        .formatted(
                                                token.member(), refused.code(), refused.detail()));
            };
        }
    }

    private EgressGate gate(NodeLog log, EnrolmentToken token) {
        return EgressGate.to(
                token.coordinator(),
                proxy,
                token.authority(),
                new ReceiptBook(log, clock),
                retries,
                outages);
    }

    /** Who this node is already, if that can be read; what cannot is replaced. */
    private static Optional<TlsIdentity> identity(NodeHome home) {
        if (!TlsIdentity.isIn(home.identity())) {
            return Optional.empty();
        }
        try {
            return Optional.of(TlsIdentity.open(home.identity()));
        } catch (TrustException e) {
            return switch (e.code()) {
                // A new certificate would be of no use to a key that cannot be used.
                case KEY_EXPOSED, KEY_MALFORMED -> throw e;
                default -> Optional.empty();
            };
        }
    }

    private static Optional<Membership> membership(NodeHome home) {
        try {
            return Optional.of(Membership.of(home));
        } catch (NodeException _) {
            return Optional.empty(); // none yet, or damaged: the coordinator tells it again
        }
    }

    private static void requireSame(NodeHome home, TlsIdentity known, EnrolmentToken token) {
        if (!known.peer().equals(new Peer.Member(token.member()))) {
            throw new NodeException(
                    Code.ENROLLED_ELSEWHERE,
                    "%s already is the node of '%s'; choose another directory for '%s'"
                            .formatted(
                                    home.directory(), known.peer().commonName(), token.member()));
        }
        if (!Certificates.fingerprint(known.authority()).equals(token.authority())) {
            throw new NodeException(
                    Code.ENROLLED_ELSEWHERE,
                    "%s already is a node of another consortium than the token's, or of one that was founded anew since; choose another directory"
                            .formatted(home.directory()));
        }
    }

    private static boolean wasUsed(NodeHome home, EnrolmentToken token) {
        return Files.exists(home.usedToken())
                && SafeFile.read(home.usedToken()).equals(token.secret().digest().hex());
    }

    private void requireNotEnded(NodeHome home, TlsIdentity identity, EnrolmentToken token) {
        boolean ended =
                TlsProblem.ofDates(identity.certificate(), clock.instant())
                        .equals(Optional.of(TlsProblem.EXPIRED));
        if (!ended) {
            return;
        }
        Instant until = Certificates.expiry(identity.certificate());
        throw skew(home, identity, token)
                .map(skew ->
                        new NodeException(
                                Code.CLOCK_SKEW,
                                "%s, by which this node's certificate, valid until %s, has not ended: %s"
                                        .formatted(skew.words(), until, skew.advice())))
                .orElseGet(() ->
                        new NodeException(
                                Code.TLS,
                                "the certificate that this token gave has ended at %s; join with a new token from the steward, and check this machine's clock"
                                        .formatted(until)));
    }

    /** Whether the clock of this machine is why a certificate seems to have ended. */
    private Optional<ClockSkew> skew(NodeHome home, TlsIdentity identity, EnrolmentToken token) {
        try (NodeLog log = NodeLog.open(home.log(), token.member());
                EgressGate gate = gate(log, token)) {
            Instant there = new CoordinatorClient(gate).statusOnce().clock();
            return ClockProbe.of(identity, Optional.empty()).cause(clock.instant(), there);
        } catch (NodeException e) {
            if (e.code() == Code.CLOCK_SKEW) {
                throw e;
            }
            return Optional.empty();
        } catch (IOException | TrustException _) {
            return Optional.empty(); // what this machine's clock says is all there is
        }
    }
}
