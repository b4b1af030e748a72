package dev.tapestry.node.round;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.LeftOutWhenEmpty;
import dev.tapestry.trust.log.TreeEdge;
import java.util.Optional;

/**
 * What a node has verified of the coordinator's log so far.
 *
 * @param note the signed checkpoint
 * @param edge of the tree over all entries under it
 * @param base the last base that they name
 * @param own what they say of this member's contributions
 * @param fellows the members, and what each has seen; empty in files from before this was noted
 */
record SeenLog(
        String note,
        TreeEdge edge,
        Optional<Digest> base,
        OwnContributions own,
        @LeftOutWhenEmpty Optional<Fellows> fellows) {

    /** The members, as far as they were noted. */
    Fellows known() {
        return fellows.orElse(Fellows.NONE);
    }

    /** Whether {@code other} is the latest base. */
    boolean names(Digest other) {
        return base.equals(Optional.of(other));
    }
}
