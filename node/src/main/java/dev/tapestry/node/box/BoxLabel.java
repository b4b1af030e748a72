package dev.tapestry.node.box;

import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.protocol.Protocol;
import dev.tapestry.node.Membership;
import dev.tapestry.node.NodeConfig;

/**
 * {@code box.json}: whose box it is.
 *
 * @param protocol version of the contract
 * @param consortium its name
 * @param member who trains
 * @param holdOutFraction of the member's documents that are never trained on, as {@code node.yaml}
 *     has it
 * @param holdOutSalt chooses which
 */
public record BoxLabel(
        int protocol,
        String consortium,
        MemberId member,
        double holdOutFraction,
        String holdOutSalt) {

    /** A member's. */
    public static BoxLabel of(Membership membership, NodeConfig config) {
        return new BoxLabel(
                Protocol.VERSION,
                membership.consortium(),
                membership.member(),
                config.holdOutFraction(),
                config.holdOutSalt());
    }

    boolean sameOwner(BoxLabel other) {
        return consortium.equals(other.consortium) && member.equals(other.member);
    }
}
