package dev.tapestry.node.round;

import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.ConsortiumEvent.BaseAdopted;
import dev.tapestry.consortium.ConsortiumEvent.BasePublished;
import dev.tapestry.consortium.Digest;
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
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
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
 */
public final class LogWitness {

    private static final int SLICE = 1000;

    /** More than once only when bases follow each other faster than they can be looked up. */
    private static final int LOOKS = 3;

    private final CoordinatorClient client;
    private final Membership membership;
    private final Path file;

    /**
     * What was verified so far.
     *
     * @param note the signed checkpoint
     * @param edge of the tree over all entries under it
     * @param base the last base that they name
     * @param own what they say of this member's contributions
     */
    record Seen(String note, TreeEdge edge, Optional<Digest> base, OwnContributions own) {
        boolean names(Digest other) {
            return base.equals(Optional.of(other));
        }
    }

    /** A witness that remembers in {@code home} what it saw. */
    public LogWitness(CoordinatorClient client, Membership membership, NodeHome home) {
        this.client = client;
        this.membership = membership;
        this.file = home.witness().resolve("seen.json");
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
        return verified(seen.note());
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
        String note = client.checkpoint();
        Checkpoint now = verified(note);
        requireGrowth(before, now, note);
        Seen after = read(before, now, note);
        remember(after);
        return after;
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

    private Checkpoint verified(String note) {
        try {
            return checkpoint(note);
        } catch (TrustException e) {
            throw new NodeException(
                    Code.NOT_PROVEN,
                    "the log's checkpoint is not signed by the coordinator that this node enrolled"
                            + " with: "
                            + e.getMessage(),
                    e);
        }
    }

    private Checkpoint checkpoint(String note) {
        String origin = SignedNote.parse(note).text().lines().findFirst().orElse("");
        return Checkpoint.verified(note, origin, membership.coordinatorKey());
    }

    /** The same log, and at least as long, with the old one as its beginning. */
    private void requireGrowth(Optional<Seen> before, Checkpoint now, String note) {
        if (before.isEmpty()) {
            return;
        }
        Checkpoint then = verified(before.get().note());
        if (!then.origin().equals(now.origin()) || now.size() < then.size()) {
            throw split(before.get().note(), note, "the log is another one, or has become shorter");
        }
        List<Digest> hashes =
                then.size() == now.size() || then.size() == 0
                        ? List.of()
                        : client.consistencyProof(then.size(), now.size());
        if (!new ConsistencyProof(then.size(), now.size(), hashes)
                .proves(then.root(), now.root())) {
            throw split(
                    before.get().note(), note, "the old log is not the beginning of the new one");
        }
    }

    /** Reads what is new, and believes it when it and all before it have the signed root. */
    private Seen read(Optional<Seen> before, Checkpoint now, String note) {
        TreeEdge edge = before.map(Seen::edge).orElse(TreeEdge.EMPTY);
        Optional<Digest> base = before.flatMap(Seen::base);
        OwnContributions own = before.map(Seen::own).orElse(OwnContributions.NONE);
        while (edge.size() < now.size()) {
            for (byte[] entry : slice(edge.size(), Math.min(now.size(), edge.size() + SLICE))) {
                edge = edge.with(entry);
                Optional<ConsortiumEvent> event = event(entry);
                if (event.isPresent()) {
                    Optional<Digest> named = base(event.get());
                    base = named.isPresent() ? named : base;
                    own = own.after(event.get(), membership.member());
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
        return new Seen(note, edge, base, own);
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

    private NodeException split(String before, String now, String why) {
        Path evidence = file.resolveSibling("split-view.txt");
        write(evidence, (before + "\n----\n" + now).getBytes(StandardCharsets.UTF_8));
        return new NodeException(
                Code.SPLIT_VIEW,
                "the coordinator shows two histories: %s. Both signed checkpoints are in %s; show them to the other members"
                        .formatted(why, evidence));
    }

    private Optional<Seen> seen() {
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            Seen seen = CanonicalJson.read(SafeFile.readBytes(file), Seen.class);
            if (seen.edge().root().equals(checkpoint(seen.note()).root())) {
                return Optional.of(seen);
            }
            throw damaged("its hashes are not those of its checkpoint", null);
        } catch (TrustException e) {
            throw damaged(String.valueOf(e.getMessage()), e);
        }
    }

    /** Not begun anew: a node that forgets can be shown another history. */
    private NodeException damaged(String why, @Nullable TrustException cause) {
        return new NodeException(
                Code.STORAGE,
                "%s, what this node saw of the coordinator's log, is damaged: %s. Restore it from a copy, or delete it to believe the log anew"
                        .formatted(file, why),
                cause);
    }

    private void remember(Seen seen) {
        write(file, CanonicalJson.write(seen));
    }

    private static void write(Path file, byte[] content) {
        try {
            SafeFile.write(file, content);
        } catch (TrustException e) {
            throw new NodeException(Code.STORAGE, String.valueOf(e.getMessage()), e);
        }
    }
}
