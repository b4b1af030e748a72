package dev.tapestry.node.round;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.Grounds;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.node.Membership;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.NodeHome;
import dev.tapestry.node.egress.CoordinatorClient;
import dev.tapestry.trust.log.Checkpoint;
import dev.tapestry.trust.log.ConsistencyProof;
import dev.tapestry.trust.log.SignedNote;
import dev.tapestry.trust.move.MoveAgreement;
import dev.tapestry.trust.signature.SigningKey;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Follows the coordinator's log and believes a base only when the log proves it: the checkpoint is
 * signed with the key that the node got when it enrolled, the log only grew since the last
 * checkpoint that the node saw, and its entries, all of which were read, name the model as the
 * latest base ({@link LogReading}).
 *
 * <p>What was seen is kept with the coordinator's signature ({@link WitnessMemory}): two notes that
 * contradict each other are evidence that anybody can check.
 *
 * <p>What was seen is co-signed once it is kept, and what other members have co-signed must be of
 * the same history ({@link Cosigning}).
 */
public final class LogWitness {

    /** More than once only when bases follow each other faster than they can be looked up. */
    private static final int LOOKS = 3;

    private final CoordinatorClient client;
    private final Membership membership;
    private final CoordinatorNotes notes;
    private final WitnessMemory memory;
    private final LogReading reading;
    private final Cosigning cosigning;
    private final Supplier<Optional<MoveAgreement>> agreed;

    /** A witness that remembers in {@code home} what it saw. */
    public LogWitness(
            CoordinatorClient client,
            Membership membership,
            SigningKey key,
            NodeHome home,
            InstantSource clock) {
        this.client = client;
        this.membership = membership;
        this.agreed = () -> Relocation.agreed(home);
        this.notes = new CoordinatorNotes(membership.coordinatorKey(), home.witness());
        this.memory = WitnessMemory.in(home, notes);
        this.reading = new LogReading(client, membership.member());
        this.cosigning = new Cosigning(client, notes, membership.member(), key, clock);
    }

    /** The members, and what each has vouched for, as this node saw it last. */
    public static Optional<Fellows> fellows(NodeHome home) {
        return WitnessMemory.kept(home).flatMap(SeenLog::fellows);
    }

    /**
     * The checkpoint that proves that {@code base} is the shared base.
     *
     * @throws NodeException {@code NOT_PROVEN}: the log does not say so, or is not signed with the
     *     coordinator's key; {@code SPLIT_VIEW}: the coordinator shows two histories; {@code
     *     MALFORMED_REPLY}; {@code STORAGE}: what was seen before cannot be read or written
     */
    public Checkpoint believe(Digest base) {
        SeenLog seen = look();
        if (!seen.names(base)) {
            throw notProven(base, seen);
        }
        return notes.verified(seen.note());
    }

    /**
     * Whether {@code base} still is the shared base. It is not when the loop went on since the node
     * was told of it, as while the coordinator could not be reached: what the coordinator names
     * when it is asked anew is then what its log names.
     *
     * @throws NodeException as {@link #believe} does, when the log does not name what the
     *     coordinator names now
     */
    boolean stillNames(Digest base) {
        Digest claimed = base;
        for (int looks = 1; ; looks++) {
            SeenLog seen = look();
            if (seen.names(claimed)) {
                return claimed.equals(base);
            }
            if (looks == LOOKS) {
                throw notProven(claimed, seen);
            }
            claimed = claimedNow(base);
        }
    }

    /** This member's latest contribution that a base was made of, as far as the log was read. */
    Optional<Digest> merged() {
        return memory.seen().flatMap(seen -> seen.own().merged());
    }

    /**
     * Whether the log, read anew, says that a contribution of this member was admitted to a round
     * that is not over, or was the latest that a base was made of.
     *
     * @throws NodeException as {@link #believe} does
     */
    boolean admits(Digest contribution) {
        OwnContributions own = look().own();
        Optional<Digest> wanted = Optional.of(contribution);
        return own.open().equals(wanted) || own.merged().equals(wanted);
    }

    /** What this member relies on, as far as the log was read; empty before it was. */
    public Optional<Grounds> grounds(Digest card) {
        return memory.seen()
                .flatMap(seen ->
                        seen.known()
                                .charter()
                                .map(charter ->
                                        new Grounds(
                                                charter,
                                                seen.edge().size(),
                                                seen.edge().root(),
                                                Optional.of(card))));
    }

    /** The base that the coordinator names now; {@code otherwise} if it names none. */
    private Digest claimedNow(Digest otherwise) {
        RoundView view = client.round(0, Duration.ZERO);
        Optional<Digest> claimed =
                switch (view.phase()) {
                    case COLLECTING, MERGING, SCORING -> view.plan().map(RoundPlan::base);
                    case IDLE, PUBLISHED, ROLLED_BACK, ABANDONED -> view.base();
                };
        return claimed.orElse(otherwise);
    }

    private SeenLog look() {
        Optional<SeenLog> before = memory.seen();
        Cosigning.Shown shown = cosigning.shown();
        String sent = client.checkpoint();
        Checkpoint now = notes.verified(sent);
        String note = SignedNote.parse(sent).only(now.origin()).toString();
        requireNotMoved(now);
        requireGrowth(before, now, note);
        SeenLog read = reading.read(before, now, note, shown);
        Fellows fellows = cosigning.compare(shown, read.known(), now, note);
        SeenLog after =
                new SeenLog(note, read.edge(), read.base(), read.own(), Optional.of(fellows));
        memory.keep(after);
        cosigning.cosign(now);
        return after;
    }

    /** A member that agreed to a move holds the old coordinator to where its log ended. */
    private void requireNotMoved(Checkpoint now) {
        agreed.get()
                .map(MoveAgreement::move)
                .filter(move -> move.from().equals(membership.coordinatorKey().value()))
                .filter(move -> move.size() < now.size())
                .ifPresent(move -> {
                    throw new NodeException(
                            Code.NOT_PROVEN,
                            "this member agreed that the coordinator moves to %s after %d entries; the old one has gone on to %d, which do not count"
                                    .formatted(move.to().address(), move.size(), now.size()));
                });
    }

    private static NodeException notProven(Digest base, SeenLog seen) {
        return new NodeException(
                Code.NOT_PROVEN,
                "the coordinator names %s as the base, but the latest base in its log of %d entries is %s"
                        .formatted(
                                base.abbreviated(),
                                seen.edge().size(),
                                seen.base().map(Digest::abbreviated).orElse("none")));
    }

    /** The same log, and at least as long, with the old one as its beginning. */
    private void requireGrowth(Optional<SeenLog> before, Checkpoint now, String note) {
        if (before.isEmpty()) {
            return;
        }
        Checkpoint then = notes.verified(before.get().note());
        if (!then.origin().equals(now.origin())) {
            throw notes.split(before.get().note(), note, "the log is another one");
        }
        if (now.size() < then.size()) {
            throw notes.split(
                    before.get().note(),
                    note,
                    "its log has %d entries, of which this node has seen %d: an older copy of the coordinator was started, or somebody hides what has happened"
                            .formatted(now.size(), then.size()));
        }
        List<Digest> hashes =
                then.size() == now.size() || then.size() == 0
                        ? List.of()
                        : client.consistencyProof(then.size(), now.size());
        if (!new ConsistencyProof(then.size(), now.size(), hashes)
                .proves(then.root(), now.root())) {
            throw notes.split(
                    before.get().note(), note, "the old log is not the beginning of the new one");
        }
    }
}
