package dev.tapestry.node.round;

import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.ConsortiumEvent.Founded;
import dev.tapestry.consortium.ConsortiumEvent.MemberEnrolled;
import dev.tapestry.consortium.ConsortiumEvent.MemberRevoked;
import dev.tapestry.consortium.ConsortiumEvent.SigningKeyReplaced;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.log.Checkpoint;
import dev.tapestry.trust.log.Cosignature;
import dev.tapestry.trust.log.SignedNote;
import dev.tapestry.trust.signature.KeyReplacement;
import dev.tapestry.trust.signature.VerifyingKey;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/**
 * The active members, by the coordinator's log, and how much of it each has vouched for: a fold of
 * the log's entries and of the co-signatures that the coordinator shows.
 *
 * @param members sorted by id
 * @param charter digest of the charter with which the log begins
 */
public record Fellows(List<Fellow> members, Optional<Digest> charter) {

    static final Fellows NONE = new Fellows(List.of(), Optional.empty());

    /**
     * An active member.
     *
     * @param member its id
     * @param key with which it signs
     * @param seen the size of the largest log that it has co-signed, as far as this node was shown
     */
    public record Fellow(MemberId member, String key, long seen) {

        /** With its new key, if this member's own statement of it is there. */
        private Fellow after(SigningKeyReplaced event) {
            if (!event.member().equals(member)) {
                return this;
            }
            try {
                return KeyReplacement.proves(event, new VerifyingKey(key))
                        ? new Fellow(member, event.signingKey(), seen)
                        : this;
            } catch (TrustException | IllegalArgumentException _) {
                return this;
            }
        }
    }

    public Fellows {
        members = members.stream().sorted(Comparator.comparing(Fellow::member)).toList();
    }

    /** After one more entry of the log. */
    Fellows after(ConsortiumEvent event) {
        return switch (event) {
            case Founded founded ->
                    new Fellows(members, Optional.of(CanonicalJson.digest(founded.charter())));
            case MemberEnrolled enrolled ->
                    without(enrolled.member())
                            .with(new Fellow(enrolled.member(), enrolled.signingKey(), 0));
            case SigningKeyReplaced replaced ->
                    new Fellows(
                            members.stream().map(fellow -> fellow.after(replaced)).toList(),
                            charter);
            case MemberRevoked revoked -> without(revoked.member());
            case ConsortiumEvent _ -> this;
        };
    }

    /** After a checkpoint that is consistent with this node's own view of the log. */
    Fellows after(Checkpoint checkpoint, SignedNote note) {
        UnaryOperator<Fellow> seen =
                fellow ->
                        fellow.seen() < checkpoint.size() && signed(fellow, checkpoint, note)
                                ? new Fellow(fellow.member(), fellow.key(), checkpoint.size())
                                : fellow;
        return new Fellows(members.stream().map(seen).toList(), charter);
    }

    private static boolean signed(Fellow fellow, Checkpoint checkpoint, SignedNote note) {
        try {
            String name = Cosignature.name(checkpoint.origin(), fellow.member());
            Cosignature.verify(note, name, new VerifyingKey(fellow.key()));
            return true;
        } catch (TrustException | IllegalArgumentException _) {
            return false;
        }
    }

    /** The members' keys. */
    public Map<MemberId, String> keys() {
        Map<MemberId, String> keys = new TreeMap<>();
        members.forEach(fellow -> keys.put(fellow.member(), fellow.key()));
        return keys;
    }

    private Fellows with(Fellow fellow) {
        List<Fellow> more = new ArrayList<>(members);
        more.add(fellow);
        return new Fellows(more, charter);
    }

    private Fellows without(MemberId member) {
        return new Fellows(
                members.stream().filter(fellow -> !fellow.member().equals(member)).toList(),
                charter);
    }
}
