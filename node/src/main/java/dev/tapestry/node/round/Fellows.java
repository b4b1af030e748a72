package dev.tapestry.node.round;

import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.ConsortiumEvent.MemberEnrolled;
import dev.tapestry.consortium.ConsortiumEvent.MemberRevoked;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.log.Checkpoint;
import dev.tapestry.trust.log.Cosignature;
import dev.tapestry.trust.log.SignedNote;
import dev.tapestry.trust.signature.VerifyingKey;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * The active members, by the coordinator's log, and how much of it each has vouched for: a fold of
 * the log's entries and of the co-signatures that the coordinator shows.
 *
 * @param members sorted by id
 */
public record Fellows(List<Fellow> members) {

    static final Fellows NONE = new Fellows(List.of());

    /**
     * An active member.
     *
     * @param member its id
     * @param key with which it signs
     * @param seen the size of the largest log that it has co-signed, as far as this node was shown
     */
    public record Fellow(MemberId member, String key, long seen) {}

    public Fellows {
        members = members.stream().sorted(Comparator.comparing(Fellow::member)).toList();
    }

    /** After one more entry of the log. */
    Fellows after(ConsortiumEvent event) {
        return switch (event) {
            case MemberEnrolled enrolled ->
                    without(enrolled.member())
                            .with(new Fellow(enrolled.member(), enrolled.signingKey(), 0));
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
        return new Fellows(members.stream().map(seen).toList());
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

    /** How many members other than {@code self} vouch for the first {@code size} entries. */
    long vouching(long size, MemberId self) {
        return members.stream()
                .filter(fellow -> !fellow.member().equals(self) && fellow.seen() >= size)
                .count();
    }

    private Fellows with(Fellow fellow) {
        List<Fellow> more = new ArrayList<>(members);
        more.add(fellow);
        return new Fellows(more);
    }

    private Fellows without(MemberId member) {
        return new Fellows(
                members.stream().filter(fellow -> !fellow.member().equals(member)).toList());
    }
}
