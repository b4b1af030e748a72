package dev.tapestry.node;

import dev.tapestry.consortium.Coded;
import org.jspecify.annotations.Nullable;

/** A node cannot go on; the message says what is wrong, with which value, and what to do. */
public final class NodeException extends RuntimeException implements Coded {

    private static final long serialVersionUID = 1L;

    /** What kind of trouble it is. */
    public enum Code {
        /**
         * {@code node.yaml} is missing, not YAML, or has an unknown key or a value out of range.
         */
        CONFIG_INVALID,
        /** The directory holds no identity yet. */
        NOT_ENROLLED,
        /** The directory already is another member's node. */
        ENROLLED_ELSEWHERE,
        /** A replacement of the signing key was begun and not ended. */
        KEY_UNDECIDED,
        /** A message of an unknown kind or to another address than the coordinator's. */
        EGRESS_REFUSED,
        /** The coordinator's certificate, or this node's, is not acceptable. */
        TLS,
        /**
         * This machine's clock and the coordinator's differ so much that certificates do not fit.
         */
        CLOCK_SKEW,
        /** The site's proxy asks who is there, or does not take the answer (407). */
        PROXY_CREDENTIALS,
        /** The site's proxy does not let the node through to the coordinator, or is no proxy. */
        PROXY_REFUSED,
        /** The consortium has revoked this member. */
        REVOKED,
        /** The coordinator answered a request with a refusal. */
        COORDINATOR_REFUSED,
        /** The coordinator says that the members have moved it: it is no longer the one. */
        COORDINATOR_GONE,
        /** The coordinator's answer is not what the protocol describes. */
        MALFORMED_REPLY,
        /** What arrived is not what its digest says. */
        DIGEST_MISMATCH,
        /** The coordinator's log does not prove what the coordinator claims. */
        NOT_PROVEN,
        /** The coordinator has shown two histories. */
        SPLIT_VIEW,
        /** The corpus' card, or this node's settings, do not allow what the round asks for. */
        POLICY,
        /** While this node trained, the round went on without it, was given up, or was stopped. */
        ROUND_OVER,
        /** A model that this node cannot use for the round. */
        WRONG_MODEL,
        /** The member's own trainer could not be started, or ended with a failure. */
        TRAINER_FAILED,
        /** The member's own trainer made no progress for its lease. */
        TRAINER_OUT_OF_TIME,
        /** What the member's own trainer left is not what its contract asks for. */
        TRAINER_OUTPUT,
        /** The directory that is to carry a round holds none, or something else. */
        NOT_A_BOX,
        /** The directory carries another member's round, or another consortium's. */
        OTHER_MEMBER,
        /** The directory carries a round that is over, or was laid out by another plan. */
        STALE_ROUND,
        /** Something of a carried round is missing: it is not done yet, or was copied in part. */
        BOX_INCOMPLETE,
        /** What lies in a carried round is not what was put there, or cannot be read. */
        BOX_DAMAGED,
        /** The object store says no: to the key, to what it may do, or there is no such bucket. */
        STORE_REFUSED,
        /** The object store does not answer, or is in trouble itself. */
        STORE_UNREACHABLE,
        /** The member's judge does not answer, or says something else than a judgement. */
        JUDGE_FAILED,
        /** The members' agreement does not move the coordinator, or contradicts what was seen. */
        MOVE_REFUSED,
        /** The members have moved the coordinator, and this node has followed. */
        MOVED,
        /** The disk refused, or is full. */
        STORAGE,
        /** A failure that no room of this program names: a fault of its own, most likely. */
        UNFORESEEN,
        /** The node was asked to stop. */
        STOPPED
    }

    private final Code code;

    /** An exception without a cause. */
    public NodeException(Code code, String message) {
        this(code, message, null);
    }

    /** An exception with the one that led to it. */
    public NodeException(Code code, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.code = code;
    }

    /** What kind of trouble it is. */
    @Override
    public Code code() {
        return code;
    }
}
