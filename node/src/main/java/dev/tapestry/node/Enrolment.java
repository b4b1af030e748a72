package dev.tapestry.node;

import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.protocol.EnrolmentReply;
import dev.tapestry.consortium.protocol.EnrolmentRequest;
import dev.tapestry.node.NodeEvent.Verdict;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.egress.Answer;
import dev.tapestry.node.egress.CoordinatorClient;
import dev.tapestry.node.egress.EgressGate;
import dev.tapestry.node.egress.ReceiptBook;
import dev.tapestry.node.egress.Reply;
import dev.tapestry.node.egress.RetryPolicy;
import dev.tapestry.trust.certificate.KeyAndRequest;
import dev.tapestry.trust.certificate.TlsIdentity;
import dev.tapestry.trust.enrolment.EnrolmentToken;
import dev.tapestry.trust.signature.SigningKey;
import dev.tapestry.trust.signature.VerifyingKey;
import java.nio.file.Files;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Makes a directory a member's node. The keys are made here and stay here: what leaves is a
 * certificate request and a public key.
 *
 * <p>Keys and request are on disk before anything is sent, so that an enrolment that was cut off
 * can be repeated with the same token.
 */
public final class Enrolment {

    private final InstantSource clock;
    private final RetryPolicy retries;
    private final Consumer<EgressGate.Outage> outages;

    /** How it went. */
    public sealed interface Outcome {
        /** Who this node is. */
        Membership membership();

        /** The node has joined now. */
        record Joined(Membership membership) implements Outcome {}

        /** It had joined before; nothing was sent. */
        record JoinedBefore(Membership membership) implements Outcome {}
    }

    /**
     * An enrolment.
     *
     * @param outages hears that the coordinator cannot be reached; the enrolment tries again
     */
    public Enrolment(
            InstantSource clock, RetryPolicy retries, Consumer<EgressGate.Outage> outages) {
        this.clock = clock;
        this.retries = retries;
        this.outages = outages;
    }

    /** An enrolment by the system's clock. */
    public static Enrolment standard(Consumer<EgressGate.Outage> outages) {
        return new Enrolment(
                InstantSource.system(), RetryPolicy.standard(new SecureRandom()), outages);
    }

    /**
     * Joins the consortium that the token is of.
     *
     * @param token the line that the steward handed over
     * @throws NodeException {@code COORDINATOR_REFUSED}: the token is unknown, used or expired;
     *     {@code TLS}: the server is not of the consortium that the token names; {@code
     *     ENROLLED_ELSEWHERE}: the directory is another member's node
     * @throws dev.tapestry.trust.TrustException {@code TOKEN_MALFORMED}
     */
    public Outcome join(NodeHome home, String token) {
        EnrolmentToken parsed = EnrolmentToken.parse(token);
        if (TlsIdentity.isIn(home.identity()) && Files.exists(home.membership())) {
            return before(home, parsed);
        }
        KeyAndRequest request = KeyAndRequest.createIn(home.identity());
        SigningKey key = SigningKey.loadOrCreate(home.signingKey());
        try (NodeLog log = NodeLog.open(home.log(), parsed.member())) {
            EnrolmentReply reply = enrol(log, parsed, request, key);
            TlsIdentity.installEnrolled(
                    home.identity(), reply.certificate(), reply.authority(), parsed.authority());
            Membership membership =
                    new Membership(
                            reply.consortium(),
                            parsed.member(),
                            parsed.coordinator(),
                            new VerifyingKey(reply.coordinatorKey()));
            membership.write(home);
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
        try (EgressGate gate =
                EgressGate.to(
                        token.coordinator(),
                        TlsIdentity.firstContact(token.authority()),
                        new ReceiptBook(log, clock),
                        retries,
                        outages)) {
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

    private static Outcome before(NodeHome home, EnrolmentToken token) {
        Membership membership = Membership.of(home);
        MemberId asked = token.member();
        if (!membership.member().equals(asked)) {
            throw new NodeException(
                    Code.ENROLLED_ELSEWHERE,
                    "%s already is the node of '%s'; choose another directory for '%s'"
                            .formatted(home.directory(), membership.member(), asked));
        }
        return new Outcome.JoinedBefore(membership);
    }
}
