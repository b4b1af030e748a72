package dev.tapestry.node;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.node.egress.MessageKind;
import java.time.Instant;
import java.util.Optional;

/** What stands in a node's own log, as canonical JSON. */
public sealed interface NodeEvent {

    /** When it was written. */
    Instant at();

    /**
     * What one message carried over the wall, in either direction. Bytes are those of HTTP bodies.
     *
     * @param at when it ended
     * @param kind what it was
     * @param method HTTP method
     * @param path with its query
     * @param bytesSent that left
     * @param bytesReceived that arrived
     * @param content digest of what was sent, when all of it was
     * @param outcome the HTTP status, or what broke
     */
    record Receipt(
            Instant at,
            MessageKind kind,
            String method,
            String path,
            long bytesSent,
            long bytesReceived,
            Optional<Digest> content,
            String outcome)
            implements NodeEvent {}

    /**
     * What the node decided by itself.
     *
     * @param round that it is about
     * @param verdict what was decided
     * @param reason with the values that led to it
     */
    record Decision(Instant at, Optional<RoundNumber> round, Verdict verdict, String reason)
            implements NodeEvent {}

    /** The decisions that a node takes. */
    enum Verdict {
        /** The node joined a consortium. */
        JOINED,
        /** The node's certificate was renewed, with a new key. */
        RENEWED,
        /** The policy allows this round; the node trains. */
        TRAINS,
        /** The node does not take part, or not any more: policy, damage, or a refusal. */
        DECLINES,
        /** A contribution was admitted. */
        CONTRIBUTED,
        /** A candidate was scored. */
        SCORED,
        /** The coordinator's log proves the new base. */
        BASE_BELIEVED,
        /** The coordinator's log does not prove the new base, or shows another history. */
        BASE_NOT_BELIEVED,
        /** The coordinator was moved by the members, and the node followed. */
        FOLLOWED,
        /** A sovereign model was made; nothing left the node for it. */
        BUILT
    }
}
