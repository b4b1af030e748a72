package dev.tapestry.node;

import dev.tapestry.consortium.protocol.Accepted;
import dev.tapestry.node.NodeEvent.Verdict;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.egress.Answer;
import dev.tapestry.node.egress.CoordinatorClient;
import dev.tapestry.node.egress.EgressGate;
import dev.tapestry.node.egress.ReceiptBook;
import dev.tapestry.node.egress.Reply;
import dev.tapestry.node.egress.RetryPolicy;
import dev.tapestry.trust.certificate.TlsIdentity;
import dev.tapestry.trust.signature.KeyReplacement;
import dev.tapestry.trust.signature.SigningKey;
import dev.tapestry.trust.signature.VerifyingKey;
import dev.tapestry.weights.Drafts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Gives a node another key to sign with, while it does not run.
 *
 * <p>The next key lies beside the present one until the coordinator's log says that it counts, and
 * only then takes its place. Cut off anywhere, the same again ends what was begun: the coordinator
 * says yes to what is so already.
 */
public final class KeyRotation {

    /** Refusals by which the coordinator says that the next key does not count. */
    private static final Set<String> DECIDED =
            Set.of("KEY_REFUSED", "BAD_SIGNATURE", "MALFORMED", "BAD_REQUEST");

    private final InstantSource clock;
    private final RetryPolicy retries;
    private final Consumer<EgressGate.Outage> outages;

    KeyRotation(InstantSource clock, RetryPolicy retries, Consumer<EgressGate.Outage> outages) {
        this.clock = clock;
        this.retries = retries;
        this.outages = outages;
    }

    /** By the system's clock. */
    public static KeyRotation standard(Consumer<EgressGate.Outage> outages) {
        return new KeyRotation(
                InstantSource.system(), RetryPolicy.standard(new SecureRandom()), outages);
    }

    /**
     * Refuses to go on with a key that may have been replaced.
     *
     * @throws NodeException {@code KEY_UNDECIDED}
     */
    static void requireDone(NodeHome home) {
        if (Files.exists(home.nextSigningKey())) {
            throw new NodeException(
                    Code.KEY_UNDECIDED,
                    "a replacement of this node's signing key was begun and not ended; end it: tapestry node rotate-key "
                            + home.directory());
        }
    }

    /**
     * Replaces the key.
     *
     * @return the new one's public half
     * @throws NodeException {@code NOT_ENROLLED}; {@code CONFIG_INVALID}; {@code
     *     COORDINATOR_REFUSED}: the present key stays; {@code STORAGE}
     * @throws dev.tapestry.trust.TrustException {@code LOG_IN_USE}: the node runs
     */
    public VerifyingKey rotate(NodeHome home) {
        Membership membership = Membership.of(home);
        try (NodeLog log = NodeLog.open(home.log(), membership.member());
                EgressGate gate =
                        EgressGate.to(
                                membership.coordinator(),
                                NodeConfig.read(home).proxy(),
                                TlsIdentity.open(home.identity()),
                                membership.certificateKey(),
                                new ReceiptBook(log, clock),
                                retries,
                                outages)) {
            SigningKey present = SigningKey.load(home.signingKey());
            SigningKey next = SigningKey.loadOrCreate(home.nextSigningKey());
            Reply<Accepted> reply =
                    new CoordinatorClient(gate)
                            .replaceKey(KeyReplacement.sign(membership.member(), present, next));
            if (reply instanceof Reply.Denied<Accepted>(Answer.Refused refused)) {
                if (DECIDED.contains(refused.code())) {
                    drop(home.nextSigningKey());
                }
                throw new NodeException(
                        Code.COORDINATOR_REFUSED,
                        "the key is not replaced: %s: %s"
                                .formatted(refused.code(), refused.detail()));
            }
            takeUp(home);
            log.decided(
                    clock.instant(),
                    Optional.empty(),
                    Verdict.KEY_REPLACED,
                    "%s by %s".formatted(present.verifyingKey(), next.verifyingKey()));
            return next.verifyingKey();
        }
    }

    private static void takeUp(NodeHome home) {
        try {
            Files.move(home.nextSigningKey(), home.signingKey(), StandardCopyOption.ATOMIC_MOVE);
            Drafts.syncFolder(home.identity());
        } catch (IOException e) {
            throw new NodeException(
                    Code.STORAGE,
                    "the consortium knows the new key, but it could not take the old one's place: %s; once the disk works, do the same again"
                            .formatted(e),
                    e);
        }
    }

    private static void drop(Path key) {
        try {
            Files.deleteIfExists(key);
        } catch (IOException e) {
            throw new NodeException(Code.STORAGE, "cannot delete " + key + ": " + e, e);
        }
    }
}
