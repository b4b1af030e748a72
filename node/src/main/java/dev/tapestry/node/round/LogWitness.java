package dev.tapestry.node.round;

import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.ConsortiumEvent.BaseAdopted;
import dev.tapestry.consortium.ConsortiumEvent.BasePublished;
import dev.tapestry.consortium.ConsortiumEvent.CoordinatorMoved;
import dev.tapestry.consortium.CoordinatorMove;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.Grounds;
import dev.tapestry.consortium.LeftOutWhenEmpty;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.node.Membership;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.NodeHome;
import dev.tapestry.node.egress.CoordinatorClient;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.log.Checkpoint;
import dev.tapestry.trust.log.ConsistencyProof;
import dev.tapestry.trust.log.SignedNote;
import dev.tapestry.trust.log.TreeEdge;
import dev.tapestry.trust.move.MoveAgreement;
import dev.tapestry.trust.signature.SigningKey;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Follows the coordinator's log and believes a base only when the log proves it: the checkpoint is
 * signed with the key that the node got when it enrolled, the log only grew since the last
 * checkpoint that the node saw, and its entries, all of which were read, name the model as the
 * latest base. Every entry is hashed into the tree whose root the coordinator signed: a slice from
 * which something was left out, or in which something was changed, is not believed.
 *
 * <p>What was seen is kept with the coordinator's signature: two notes that contradict each other
 * are evidence that anybody can check.
 *
 * <p>What was seen is co-signed once it is kept, and what other members have co-signed must be of
 * the same history ({@link Cosigning}).
 */
public final class LogWitness {

    private static final int SLICE = 1000;

    /** More than once only when bases follow each other faster than they can be looked up. */
    private static final int LOOKS = 3;

    private final CoordinatorClient client;
    private final Membership membership;
    private final Path file;
    private final CoordinatorNotes notes;
    private final Cosigning cosigning;
    private final Supplier<Optional<MoveAgreement>> agreed;

    /**
     * What was verified so far.
     *
     * @param note the signed checkpoint
     * @param edge of the tree over all entries under it
     * @param base the last base that they name
     * @param own what they say of this member's contributions
     * @param fellows the members, and what each has seen; empty in files from before this was noted
     */
    record Seen(
            String note,
            TreeEdge edge,
            Optional<Digest> base,
            OwnContributions own,
            @LeftOutWhenEmpty Optional<Fellows> fellows) {
        Fellows known() {
            return fellows.orElse(Fellows.NONE);
        }

        boolean names(Digest other) {
            return base.equals(Optional.of(other));
        }
    }

    /** A witness that remembers in {@code home} what it saw. */
    public LogWitness(
            CoordinatorClient client,
            Membership membership,
            SigningKey key,
            NodeHome home,
            InstantSource clock) {
        this.client = client;
        this.membership = membership;
        this.file = file(home);
        this.agreed = () -> Relocation.agreed(home);
        this.notes = new CoordinatorNotes(membership.coordinatorKey(), home.witness());
        this.cosigning = new Cosigning(client, notes, membership.member(), key, clock);
    }

    private static Path file(NodeHome home) {
        return home.witness().resolve("seen.json");
    }

    /** The members, and what each has vouched for, as this node saw it last. */
    public static Optional<Fellows> fellows(NodeHome home) {
        return kept(file(home)).flatMap(Seen::fellows);
    }

    /**
     * The checkpoint that proves that {@code base} is the shared base.
     *
     * @throws NodeException {@code NOT_PROVEN}: the log does not say so, or is not signed with the
     *     coordinator's key; {@code SPLIT_VIEW}: the coordinator shows two histories; {@code
     *     MALFORMED_REPLY}; {@code STORAGE}: what was seen before cannot be read or written
     */
    public Checkpoint believe(Digest base) {
        Seen seen = look();
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
            Seen seen = look();
            if (seen.names(claimed)) {
                return claimed.equals(base);
            }
            if (looks == LOOKS) {
                throw notProven(claimed, seen);
            }
            claimed = claimedNow(base);
        }
    }

    /**
     * Follows the log to the coordinator of this witness, if the members moved it there: the log
     * that was seen is the beginning of what moved, more than half of the members of that moment
     * signed, and the new log's next entry is the move. What was seen is then kept under the new
     * coordinator's signature.
     *
     * @param old the witness of the coordinator before
     * @throws NodeException {@code MOVE_REFUSED}, and what {@link #believe} throws
     */
    void follow(LogWitness old, MoveAgreement agreement) {
        CoordinatorMove move = agreement.move();
        Optional<Seen> before = old.seen();
        long seen = before.map(known -> known.edge().size()).orElse(0L);
        if (seen > move.size()) {
            throw refused(
                    "the members moved a log of %d entries, and this node has seen %d"
                            .formatted(move.size(), seen));
        }
        Checkpoint moved = new Checkpoint(move.origin(), move.size(), move.root());
        Seen there = read(before, moved, "", Cosigning.Shown.NONE);
        if (!agreement.carriedBy(there.known().keys())) {
            throw refused(
                    "%s of %d active members have signed the move; more than half must"
                            .formatted(
                                    agreement.signers(there.known().keys()),
                                    there.known().members().size()));
        }
        byte[] next = slice(move.size(), move.size() + 1).getFirst();
        if (!(event(next).orElse(null) instanceof CoordinatorMoved entry)
                || !entry.key().equals(move.to().key())
                || !entry.address().equals(move.to().address())
                || !entry.statements().equals(agreement.digest())) {
            throw refused("the new coordinator's log does not go on with the move");
        }
        String sent = client.checkpoint();
        Checkpoint now = notes.verified(sent);
        String note = SignedNote.parse(sent).only(now.origin()).toString();
        remember(read(Optional.of(there), now, note, Cosigning.Shown.NONE));
    }

    /** Refuses a move that contradicts what a node has seen. */
    static void requireGrown(NodeHome home, CoordinatorMove move) {
        Optional<Seen> kept = kept(file(home));
        if (kept.isEmpty()) {
            return;
        }
        Seen seen = kept.get();
        String log = origin(file(home), seen);
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
     * Whether what was seen is already under this witness's coordinator's signature.
     *
     * @throws NodeException {@code STORAGE} when it is damaged
     */
    boolean follows() {
        Optional<Seen> kept = kept(file);
        if (kept.isEmpty()) {
            return false;
        }
        try {
            notes.checkpoint(kept.get().note());
            return true;
        } catch (TrustException e) {
            if (e.code() == TrustException.Code.SIGNATURE_MISSING) {
                return false; // another one has signed it
            }
            throw damaged(file, String.valueOf(e.getMessage()), e);
        }
    }

    private static NodeException refused(String why) {
        return new NodeException(
                Code.MOVE_REFUSED, "the coordinator's move is not believed: " + why);
    }

    /** This member's latest contribution that a base was made of, as far as the log was read. */
    Optional<Digest> merged() {
        return seen().flatMap(seen -> seen.own().merged());
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
        return seen().flatMap(seen ->
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

    private Seen look() {
        Optional<Seen> before = seen();
        Cosigning.Shown shown = cosigning.shown();
        String sent = client.checkpoint();
        Checkpoint now = notes.verified(sent);
        String note = SignedNote.parse(sent).only(now.origin()).toString();
        requireNotMoved(now);
        requireGrowth(before, now, note);
        Seen read = read(before, now, note, shown);
        Fellows fellows = cosigning.compare(shown, read.known(), now, note);
        Seen after = new Seen(note, read.edge(), read.base(), read.own(), Optional.of(fellows));
        remember(after);
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

    private static NodeException notProven(Digest base, Seen seen) {
        return new NodeException(
                Code.NOT_PROVEN,
                "the coordinator names %s as the base, but the latest base in its log of %d entries is %s"
                        .formatted(
                                base.abbreviated(),
                                seen.edge().size(),
                                seen.base().map(Digest::abbreviated).orElse("none")));
    }

    /** The same log, and at least as long, with the old one as its beginning. */
    private void requireGrowth(Optional<Seen> before, Checkpoint now, String note) {
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

    /** Reads what is new, and believes it when it and all before it have the signed root. */
    private Seen read(Optional<Seen> known, Checkpoint now, String note, Cosigning.Shown shown) {
        // Without the members' keys it is read once more from the beginning.
        Optional<Seen> before = known.filter(seen -> seen.fellows().isPresent());
        TreeEdge edge = before.map(Seen::edge).orElse(TreeEdge.EMPTY);
        Optional<Digest> base = before.flatMap(Seen::base);
        OwnContributions own = before.map(Seen::own).orElse(OwnContributions.NONE);
        Fellows fellows = before.map(Seen::known).orElse(Fellows.NONE);
        note(edge, shown);
        while (edge.size() < now.size()) {
            for (byte[] entry : slice(edge.size(), Math.min(now.size(), edge.size() + SLICE))) {
                edge = edge.with(entry);
                note(edge, shown);
                Optional<ConsortiumEvent> event = event(entry);
                if (event.isPresent()) {
                    Optional<Digest> named = base(event.get());
                    base = named.isPresent() ? named : base;
                    own = own.after(event.get(), membership.member());
                    fellows = fellows.after(event.get());
                }
            }
        }
        if (!edge.root().equals(now.root())) {
            throw new NodeException(
                    Code.NOT_PROVEN,
                    "the %d entries that the coordinator sent are not those that it signed: their root is %s, the checkpoint's %s"
                            .formatted(
                                    edge.size(),
                                    edge.root().abbreviated(),
                                    now.root().abbreviated()));
        }
        return new Seen(note, edge, base, own, Optional.of(fellows));
    }

    private static void note(TreeEdge edge, Cosigning.Shown shown) {
        if (shown.roots().containsKey(edge.size())) {
            shown.roots().put(edge.size(), Optional.of(edge.root()));
        }
    }

    private List<byte[]> slice(long from, long to) {
        List<byte[]> entries = client.entries(from, to);
        if (entries.isEmpty() || entries.size() > to - from) {
            throw new NodeException(
                    Code.MALFORMED_REPLY,
                    "asked for the entries %d to %d of its log, the coordinator sent %d"
                            .formatted(from, to, entries.size()));
        }
        return entries;
    }

    private static Optional<ConsortiumEvent> event(byte[] entry) {
        try {
            return Optional.of(CanonicalJson.read(entry, ConsortiumEvent.class));
        } catch (TrustException _) {
            return Optional.empty(); // an event of a later version says nothing about bases
        }
    }

    private static Optional<Digest> base(ConsortiumEvent event) {
        return switch (event) {
            case BaseAdopted adopted -> Optional.of(adopted.base());
            case BasePublished published -> Optional.of(published.base());
            case ConsortiumEvent _ -> Optional.empty();
        };
    }

    private Optional<Seen> seen() {
        Optional<Seen> kept = kept(file);
        try {
            if (kept.isEmpty()
                    || kept.get()
                            .edge()
                            .root()
                            .equals(notes.checkpoint(kept.get().note()).root())) {
                return kept;
            }
            throw damaged(file, "its hashes are not those of its checkpoint", null);
        } catch (TrustException e) {
            throw damaged(file, String.valueOf(e.getMessage()), e);
        }
    }

    /** What was seen, as it lies there; nothing in it is believed. */
    private static Optional<Seen> kept(Path file) {
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            return Optional.of(CanonicalJson.read(SafeFile.readBytes(file), Seen.class));
        } catch (TrustException e) {
            throw damaged(file, String.valueOf(e.getMessage()), e);
        }
    }

    /** Of which log it speaks. */
    private static String origin(Path file, Seen seen) {
        try {
            return SignedNote.parse(seen.note()).text().lines().findFirst().orElse("");
        } catch (TrustException e) {
            throw damaged(file, String.valueOf(e.getMessage()), e);
        }
    }

    /** Not begun anew: a node that forgets can be shown another history. */
    private static NodeException damaged(Path file, String why, @Nullable TrustException cause) {
        return new NodeException(
                Code.STORAGE,
                "%s, what this node saw of the coordinator's log, is damaged: %s. Restore it from a copy, or delete it to believe the log anew"
                        .formatted(file, why),
                cause);
    }

    private void remember(Seen seen) {
        try {
            SafeFile.write(file, CanonicalJson.write(seen));
        } catch (TrustException e) {
            throw new NodeException(Code.STORAGE, String.valueOf(e.getMessage()), e);
        }
    }
}
