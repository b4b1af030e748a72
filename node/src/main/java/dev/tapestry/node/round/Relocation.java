package dev.tapestry.node.round;

import dev.tapestry.consortium.CoordinatorMove;
import dev.tapestry.node.Membership;
import dev.tapestry.node.NodeEvent.Verdict;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.NodeHome;
import dev.tapestry.node.NodeLog;
import dev.tapestry.node.egress.CoordinatorClient;
import dev.tapestry.node.egress.EgressGate;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.move.MoveAgreement;
import dev.tapestry.trust.signature.SigningKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Follows the coordinator where the members moved it: by their signatures and the log alone, so
 * neither the old coordinator nor whoever claims to be the new one has a say in it.
 *
 * <p>A member that agreed asks the new coordinator for the others' signatures. One that did not is
 * told by the old one, if that is honest, or by its operator, who was given the agreement.
 */
public final class Relocation {

    private final NodeHome home;
    private final Membership membership;
    private final NodeLog log;
    private final InstantSource clock;
    private final Function<Membership, EgressGate> gates;
    private @Nullable CoordinatorClient present;

    /**
     * A relocation that has not happened.
     *
     * @param gates opens a gate to the coordinator of a membership
     */
    public Relocation(
            NodeHome home,
            Membership membership,
            NodeLog log,
            InstantSource clock,
            Function<Membership, EgressGate> gates) {
        this.home = home;
        this.membership = membership;
        this.log = log;
        this.clock = clock;
        this.gates = gates;
    }

    /** Whom to ask when the coordinator says that it was moved. */
    public void ask(CoordinatorClient coordinator) {
        present = coordinator;
    }

    /** The agreement that this node signed, or was given. */
    public static Optional<MoveAgreement> agreed(NodeHome home) {
        if (!Files.exists(home.move())) {
            return Optional.empty();
        }
        try {
            return Optional.of(MoveAgreement.parse(SafeFile.readBytes(home.move())));
        } catch (TrustException e) {
            throw new NodeException(
                    Code.STORAGE,
                    "%s is damaged: %s. Agree to the move again, or delete it"
                            .formatted(home.move(), e.getMessage()),
                    e);
        }
    }

    /**
     * Signs for a move, and from now on holds the old coordinator's log to end there. It is only
     * signed if it does not contradict what this node has seen.
     *
     * @throws NodeException {@code MOVE_REFUSED}
     */
    public static MoveAgreement agree(NodeHome home, CoordinatorMove move) {
        Membership membership = Membership.of(home);
        if (!move.from().equals(membership.coordinatorKey().value())
                || !move.consortium().equals(membership.consortium())) {
            throw refused(
                    "it is about '%s' with the coordinator %s; this node is of '%s' with %s"
                            .formatted(
                                    move.consortium(),
                                    move.from(),
                                    membership.consortium(),
                                    membership.coordinatorKey()));
        }
        MoveProof.requireGrown(home, move);
        MoveAgreement own = MoveAgreement.sign(move, SigningKey.load(home.signingKey()));
        keep(home, own);
        return own;
    }

    /**
     * Is given an agreement that others signed; the running node, or the next start, follows.
     *
     * @throws NodeException {@code MOVE_REFUSED} if it is about another coordinator
     */
    public static void give(NodeHome home, MoveAgreement agreement) {
        if (!agreement.move().from().equals(Membership.of(home).coordinatorKey().value())) {
            throw refused("it is not about the coordinator of this node");
        }
        keep(home, agreement);
    }

    /** Forgets an agreement; a signature that was handed over stays good. */
    public static boolean withdraw(NodeHome home) {
        try {
            return Files.deleteIfExists(home.move());
        } catch (IOException e) {
            throw new NodeException(Code.STORAGE, "cannot delete " + home.move() + ": " + e, e);
        }
    }

    /**
     * Follows if the members have moved the coordinator; does nothing while that cannot be known.
     *
     * @throws NodeException {@code MOVED}: it has followed, and the node is to be opened anew;
     *     {@code MOVE_REFUSED}, {@code NOT_PROVEN}
     */
    public synchronized void followIfMoved() {
        Optional<MoveAgreement> known = agreed(home);
        if (known.isEmpty()) {
            return;
        }
        Membership there = membership.at(known.get().move().to());
        try (EgressGate gate = gates.apply(there)) {
            CoordinatorClient client = new CoordinatorClient(gate);
            Optional<byte[]> shown = client.moveOnce();
            if (shown.isPresent()) {
                follow(there, client, complete(known.get(), shown.get()));
            }
        } catch (IOException e) {
            // Nobody is there yet.
        }
    }

    /**
     * Asks the coordinator once, after it was looked whether the members moved it.
     *
     * @throws NodeException as {@link #followIfMoved} does
     */
    <T> T following(Supplier<T> question) {
        followIfMoved();
        try {
            return question.get();
        } catch (NodeException e) {
            if (isNotice(e)) {
                learn();
                followIfMoved();
            }
            throw e;
        }
    }

    /** The refusal by which an old coordinator tells that it was moved. */
    boolean isNotice(NodeException failure) {
        return failure.code() == Code.COORDINATOR_GONE;
    }

    /** Asks an old coordinator, which said that it was moved, how. */
    void learn() {
        CoordinatorClient old = present;
        try {
            Optional<byte[]> shown = old == null ? Optional.empty() : old.moveOnce();
            if (shown.isPresent()) {
                MoveAgreement agreement = parsed(shown.get());
                if (agreement.move().from().equals(membership.coordinatorKey().value())) {
                    keep(home, agreement);
                }
            }
        } catch (IOException e) {
            // It is asked again.
        }
    }

    private void follow(Membership there, CoordinatorClient client, MoveAgreement agreement) {
        MoveProof proof = new MoveProof(client, membership, there, home);
        if (!proof.isBelieved()) { // else it was cut off between the two
            proof.believe(agreement);
        }
        there.write(home);
        log.decided(
                clock.instant(),
                Optional.empty(),
                Verdict.FOLLOWED,
                "the coordinator was moved to %s with %s, by %s"
                        .formatted(
                                there.coordinator(), there.coordinatorKey(), agreement.digest()));
        withdraw(home);
        throw new NodeException(
                Code.MOVED,
                "the members have moved the coordinator to %s; this node has followed"
                        .formatted(there.coordinator()));
    }

    private static MoveAgreement complete(MoveAgreement known, byte[] shown) {
        MoveAgreement theirs = parsed(shown);
        try {
            theirs.and(known); // under the same move
            return theirs;
        } catch (TrustException e) {
            throw refused(String.valueOf(e.getMessage()));
        }
    }

    private static MoveAgreement parsed(byte[] shown) {
        try {
            return MoveAgreement.parse(shown);
        } catch (TrustException e) {
            throw refused(String.valueOf(e.getMessage()));
        }
    }

    private static void keep(NodeHome home, MoveAgreement agreement) {
        write(home.move(), agreement.bytes());
    }

    private static void write(Path file, byte[] content) {
        try {
            SafeFile.write(file, content);
        } catch (TrustException e) {
            throw new NodeException(Code.STORAGE, String.valueOf(e.getMessage()), e);
        }
    }

    private static NodeException refused(String why) {
        return new NodeException(Code.MOVE_REFUSED, "the move is refused: " + why);
    }
}
