package dev.tapestry.node.round;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.protocol.CosignatureRequest;
import dev.tapestry.consortium.protocol.CosignedNotes;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.egress.Answer;
import dev.tapestry.node.egress.CoordinatorClient;
import dev.tapestry.node.egress.Reply;
import dev.tapestry.trust.log.Checkpoint;
import dev.tapestry.trust.log.ConsistencyProof;
import dev.tapestry.trust.log.Cosignature;
import dev.tapestry.trust.log.SignedNote;
import dev.tapestry.trust.signature.SigningKey;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Co-signs what this node has verified of the log, and holds what others have co-signed against it.
 *
 * <p>A coordinator that shows its members two histories can show each of them only the
 * co-signatures of its own side: each then sees that the others do not vouch for its log. Shown one
 * of the other side, a node has the proof.
 */
final class Cosigning {

    private static final int NOT_FOUND = 404;

    private final CoordinatorClient client;
    private final CoordinatorNotes notes;
    private final MemberId member;
    private final SigningKey key;
    private final InstantSource clock;

    /** Checkpoints of others that were compared already, by their text. */
    private final Set<String> compared = new HashSet<>();

    /** What was handed in by this process; a new one hands in again. */
    private long handedIn;

    Cosigning(
            CoordinatorClient client,
            CoordinatorNotes notes,
            MemberId member,
            SigningKey key,
            InstantSource clock) {
        this.client = client;
        this.notes = notes;
        this.member = member;
        this.key = key;
        this.clock = clock;
    }

    /**
     * What members have co-signed, each with the root that this node knows at its size: none yet.
     *
     * @param notes signed by the coordinator too; a member alone proves nothing against it
     * @param roots by size, to be filled while the log is read
     */
    record Shown(List<SignedNote> notes, Map<Long, Optional<Digest>> roots) {

        static final Shown NONE = new Shown(List.of(), Map.of());

        private static Shown of(List<SignedNote> notes) {
            Map<Long, Optional<Digest>> roots = new HashMap<>();
            notes.forEach(
                    note -> roots.put(Checkpoint.parse(note.text()).size(), Optional.empty()));
            return new Shown(notes, roots);
        }
    }

    /** Asked before the checkpoint, so that no honest log is shorter than what others have seen. */
    Shown shown() {
        return switch (client.cosigned()) {
            case Reply.Given<CosignedNotes>(CosignedNotes given) ->
                    Shown.of(
                            given.notes().stream()
                                    .map(CoordinatorNotes::parse)
                                    .filter(notes::signed)
                                    .toList());
            // It is of a version without co-signatures: then nobody vouches for its log.
            case Reply.Denied<CosignedNotes> _ -> Shown.of(List.of());
        };
    }

    /**
     * The members, with what they vouch for; all of it is of this history.
     *
     * @param note the checkpoint as the coordinator signed it
     * @throws NodeException {@code SPLIT_VIEW}
     */
    Fellows compare(Shown shown, Fellows fellows, Checkpoint now, String note) {
        Fellows after = fellows;
        for (SignedNote other : shown.notes()) {
            Checkpoint theirs = notes.verified(other.toString());
            if (!compared.contains(other.text())) {
                requireBeginning(theirs, now, shown, other.toString(), note);
                compared.add(other.text());
            }
            after = after.after(theirs, other);
        }
        return after;
    }

    private void requireBeginning(
            Checkpoint theirs, Checkpoint now, Shown shown, String other, String note) {
        if (!theirs.origin().equals(now.origin()) || theirs.size() > now.size()) {
            throw notes.split(other, note, "members have co-signed another log, or a longer one");
        }
        Optional<Digest> read = shown.roots().getOrDefault(theirs.size(), Optional.empty());
        boolean same =
                read.map(theirs.root()::equals)
                        .orElseGet(() ->
                                new ConsistencyProof(
                                                theirs.size(),
                                                now.size(),
                                                client.consistencyProof(theirs.size(), now.size()))
                                        .proves(theirs.root(), now.root()));
        if (!same) {
            throw notes.split(other, note, "what members have co-signed is not its beginning");
        }
    }

    /**
     * Vouches for a checkpoint; call it when what was verified is on the disk, so that no kill
     * makes this node sign another history.
     *
     * @throws NodeException {@code NOT_PROVEN} when the coordinator does not know its own
     *     checkpoint
     */
    void cosign(Checkpoint now) {
        if (now.size() <= handedIn) {
            return;
        }
        String name = Cosignature.name(now.origin(), member);
        SignedNote.Line line = Cosignature.sign(now, name, clock.instant(), key);
        switch (client.cosign(now.size(), new CosignatureRequest(line.toString()))) {
            case Answer.Accepted _ -> handedIn = now.size();
            case Answer.Refused(int status, String code, String detail) -> {
                if (status != NOT_FOUND) { // that would be a version without co-signatures
                    throw new NodeException(
                            Code.NOT_PROVEN,
                            "the coordinator does not take a co-signature of the checkpoint that it showed: %s: %s"
                                    .formatted(code, detail));
                }
            }
        }
    }
}
