package dev.tapestry.node.round;

import dev.tapestry.consortium.ConsortiumEvent.CoordinatorMoved;
import dev.tapestry.consortium.CoordinatorMove;
import dev.tapestry.node.Membership;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.NodeHome;
import dev.tapestry.node.egress.CoordinatorClient;
import dev.tapestry.trust.log.Checkpoint;
import dev.tapestry.trust.log.SignedNote;
import dev.tapestry.trust.move.MoveAgreement;
import java.util.Optional;

/**
 * Believes that the members moved the log to another coordinator only when the log proves it: what
 * was seen is the beginning of what moved, more than half of the members of that moment signed, and
 * the new log's next entry is the move.
 */
final class MoveProof {

    private final CoordinatorClient client;
    private final CoordinatorNotes notes;
    private final WitnessMemory old;
    private final WitnessMemory memory;
    private final LogReading reading;

    /**
     * The proof of a move.
     *
     * @param client asks the coordinator after it
     * @param before the membership until then
     * @param after the membership from then on
     */
    MoveProof(CoordinatorClient client, Membership before, Membership after, NodeHome home) {
        this.client = client;
        this.notes = new CoordinatorNotes(after.coordinatorKey(), home.witness());
        this.old =
                WitnessMemory.in(
                        home, new CoordinatorNotes(before.coordinatorKey(), home.witness()));
        this.memory = WitnessMemory.in(home, notes);
        this.reading = new LogReading(client, after.member());
    }

    /**
     * Refuses a move that contradicts what a node has seen.
     *
     * @throws NodeException {@code MOVE_REFUSED}
     */
    static void requireGrown(NodeHome home, CoordinatorMove move) {
        Optional<SeenLog> kept = WitnessMemory.kept(home);
        if (kept.isEmpty()) {
            return;
        }
        SeenLog seen = kept.get();
        String log = WitnessMemory.origin(home, seen);
        boolean other = !log.equals(move.origin());
        boolean shorter = seen.edge().size() > move.size();
        boolean forked =
                seen.edge().size() == move.size() && !seen.edge().root().equals(move.root());
        if (other || shorter || forked) {
            throw refused(
                    "it is about a log of %d entries with the root %s; this node has seen %d with %s of %s"
                            .formatted(
                                    move.size(),
                                    move.root().abbreviated(),
                                    seen.edge().size(),
                                    seen.edge().root().abbreviated(),
                                    log));
        }
    }

    /**
     * Whether what was seen is already under the new coordinator's signature.
     *
     * @throws NodeException {@code STORAGE} when it is damaged
     */
    boolean isBelieved() {
        return memory.isSigned();
    }

    /**
     * Follows the log to the new coordinator; what was seen is then kept under its signature.
     *
     * @throws NodeException {@code MOVE_REFUSED}, and what {@link LogWitness#believe} throws
     */
    void believe(MoveAgreement agreement) {
        CoordinatorMove move = agreement.move();
        Optional<SeenLog> before = old.seen();
        long seen = before.map(known -> known.edge().size()).orElse(0L);
        if (seen > move.size()) {
            throw refused(
                    "the members moved a log of %d entries, and this node has seen %d"
                            .formatted(move.size(), seen));
        }
        Checkpoint moved = new Checkpoint(move.origin(), move.size(), move.root());
        SeenLog there = reading.read(before, moved, "", Cosigning.Shown.NONE);
        if (!agreement.carriedBy(there.known().keys())) {
            throw refused(
                    "%s of %d active members have signed the move; more than half must"
                            .formatted(
                                    agreement.signers(there.known().keys()),
                                    there.known().members().size()));
        }
        if (!(reading.entry(move.size()).orElse(null) instanceof CoordinatorMoved entry)
                || !entry.key().equals(move.to().key())
                || !entry.address().equals(move.to().address())
                || !entry.statements().equals(agreement.digest())) {
            throw refused("the new coordinator's log does not go on with the move");
        }
        String sent = client.checkpoint();
        Checkpoint now = notes.verified(sent);
        String note = SignedNote.parse(sent).only(now.origin()).toString();
        memory.keep(reading.read(Optional.of(there), now, note, Cosigning.Shown.NONE));
    }

    private static NodeException refused(String why) {
        return new NodeException(
                Code.MOVE_REFUSED, "the coordinator's move is not believed: " + why);
    }
}
