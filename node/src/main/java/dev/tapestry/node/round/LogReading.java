package dev.tapestry.node.round;

import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.ConsortiumEvent.BaseAdopted;
import dev.tapestry.consortium.ConsortiumEvent.BasePublished;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.egress.CoordinatorClient;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.log.Checkpoint;
import dev.tapestry.trust.log.TreeEdge;
import java.util.List;
import java.util.Optional;

/**
 * Reads the entries of the coordinator's log. Each is hashed into the tree whose root the
 * coordinator signed: a slice from which something was left out, or in which something was changed,
 * is not believed.
 *
 * @param client asks for entries
 * @param member whose contributions are looked for
 */
record LogReading(CoordinatorClient client, MemberId member) {

    private static final int SLICE = 1000;

    /**
     * Reads what is new, and believes it when it and all before it have the signed root.
     *
     * @param known what was read before
     * @param now the checkpoint to read up to
     * @param note the same, as it is kept
     * @param shown whose roots are filled in on the way
     * @throws NodeException {@code NOT_PROVEN}, {@code MALFORMED_REPLY}
     */
    SeenLog read(Optional<SeenLog> known, Checkpoint now, String note, Cosigning.Shown shown) {
        // Without the members' keys it is read once more from the beginning.
        Optional<SeenLog> before = known.filter(seen -> seen.fellows().isPresent());
        TreeEdge edge = before.map(SeenLog::edge).orElse(TreeEdge.EMPTY);
        Optional<Digest> base = before.flatMap(SeenLog::base);
        OwnContributions own = before.map(SeenLog::own).orElse(OwnContributions.NONE);
        Fellows fellows = before.map(SeenLog::known).orElse(Fellows.NONE);
        note(edge, shown);
        while (edge.size() < now.size()) {
            for (byte[] entry : slice(edge.size(), Math.min(now.size(), edge.size() + SLICE))) {
                edge = edge.with(entry);
                note(edge, shown);
                Optional<ConsortiumEvent> event = event(entry);
                if (event.isPresent()) {
                    Optional<Digest> named = base(event.get());
                    base = named.isPresent() ? named : base;
                    own = own.after(event.get(), member);
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
        return new SeenLog(note, edge, base, own, Optional.of(fellows));
    }

    private static void note(TreeEdge edge, Cosigning.Shown shown) {
        if (shown.roots().containsKey(edge.size())) {
            shown.roots().put(edge.size(), Optional.of(edge.root()));
        }
    }

    /** What the entry at {@code index} says, as the coordinator sends it. */
    Optional<ConsortiumEvent> entry(long index) {
        return event(slice(index, index + 1).getFirst());
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
}
