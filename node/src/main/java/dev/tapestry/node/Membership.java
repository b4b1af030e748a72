package dev.tapestry.node;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.LeftOutWhenEmpty;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.Successor;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.signature.VerifyingKey;
import java.net.URI;
import java.nio.file.Files;
import java.util.Optional;

/**
 * Which consortium a node belongs to, as it was told when it enrolled.
 *
 * @param consortium its name
 * @param member whose node this is
 * @param coordinator the only address that the node talks to
 * @param coordinatorKey with which the coordinator signs its checkpoints; nothing else is believed
 * @param certificateKey SHA-256 of the public key that the coordinator's certificate must have; it
 *     is known since the members have moved the coordinator
 */
public record Membership(
        String consortium,
        MemberId member,
        URI coordinator,
        VerifyingKey coordinatorKey,
        @LeftOutWhenEmpty Optional<Digest> certificateKey) {

    /** A membership as enrolment gives it. */
    public Membership(
            String consortium, MemberId member, URI coordinator, VerifyingKey coordinatorKey) {
        this(consortium, member, coordinator, coordinatorKey, Optional.empty());
    }

    /** The same with a coordinator that the members moved. */
    public Membership at(Successor successor) {
        return new Membership(
                consortium,
                member,
                URI.create(successor.address()),
                new VerifyingKey(successor.key()),
                Optional.of(successor.certificateKey()));
    }

    /**
     * The membership of a node.
     *
     * @throws NodeException {@code NOT_ENROLLED}
     */
    public static Membership of(NodeHome home) {
        if (!Files.exists(home.membership())) {
            throw new NodeException(
                    NodeException.Code.NOT_ENROLLED,
                    home.directory() + " is no enrolled node; join with the steward's token first");
        }
        try {
            return CanonicalJson.read(SafeFile.readBytes(home.membership()), Membership.class);
        } catch (TrustException e) {
            throw new NodeException(
                    NodeException.Code.NOT_ENROLLED,
                    home.membership() + " is damaged; join again with a new token",
                    e);
        }
    }

    /** Keeps it. */
    public void write(NodeHome home) {
        SafeFile.write(home.membership(), CanonicalJson.write(this));
    }
}
