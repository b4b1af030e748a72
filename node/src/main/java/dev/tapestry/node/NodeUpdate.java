package dev.tapestry.node;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.Score;
import java.time.Duration;
import java.time.Instant;

/** What a node tells people while it works; also the lines of {@code metrics.jsonl}. */
public sealed interface NodeUpdate {

    /** When it happened. */
    Instant at();

    /** What a node can be busy with. */
    enum Phase {
        /** For a round, or for the other members. */
        WAITING,
        /** Of a base or a candidate. */
        RECEIVING,
        /** Of the corpus into token shards, or of what was learned into an update. */
        PACKING,
        /** Local steps. */
        TRAINING,
        /** Of a contribution. */
        SENDING,
        /** Of a candidate on held-out text. */
        SCORING,
        /** Of a published base in the coordinator's log. */
        VERIFYING,
        /** Of a sovereign model. */
        BUILDING
    }

    /**
     * The node begins something.
     *
     * @param round that it is for; 0 for none
     */
    record Began(Instant at, Phase phase, int round, String detail) implements NodeUpdate {}

    /**
     * Something other than training makes headway.
     *
     * @param round that it is for; 0 for none
     * @param done tokens that were scored
     */
    record Advanced(Instant at, Phase phase, int round, long done) implements NodeUpdate {}

    /**
     * A training step is done.
     *
     * @param round that it is for; 0 for a sovereign build
     * @param step in this round or build, from 1
     * @param steps of this round or build
     * @param tokens trained on since the node's first step
     * @param natsPerToken the step's loss
     * @param tokensPerSecond since the round's or build's first step
     */
    record Stepped(
            Instant at,
            int round,
            int step,
            int steps,
            long tokens,
            double natsPerToken,
            double tokensPerSecond)
            implements NodeUpdate {}

    /**
     * Bytes of HTTP bodies since the process began.
     *
     * @param up that left the node
     * @param down that arrived
     */
    record Transferred(Instant at, long up, long down) implements NodeUpdate {}

    /** A contribution was admitted. */
    record Contributed(
            Instant at, RoundNumber round, Digest contribution, long tokens, double bitsPerByte)
            implements NodeUpdate {}

    /** A candidate was scored on this member's held-out text. */
    record Scored(Instant at, RoundNumber round, Digest candidate, Score score)
            implements NodeUpdate {}

    /** A new base was published and the log proves it. */
    record BaseBelieved(Instant at, RoundNumber round, Digest base) implements NodeUpdate {}

    /** A round ended without a new base. */
    record RoundFailed(Instant at, RoundNumber round, String reason) implements NodeUpdate {}

    /** The node does not take part in a round, or its contribution was refused. */
    record Declined(Instant at, RoundNumber round, String code, String reason)
            implements NodeUpdate {}

    /** The coordinator cannot be reached; the node tries again. */
    record Unreachable(Instant at, String reason, int failures, Duration again)
            implements NodeUpdate {}

    /**
     * Something else keeps the node from going on, such as a full disk or a wrong clock; it tries
     * again.
     *
     * @param round that it is for; 0 for none
     * @param code what kind of trouble it is
     * @param failures in a row
     * @param again when it tries again
     */
    record Hindered(Instant at, int round, String code, String reason, int failures, Duration again)
            implements NodeUpdate {}

    /**
     * This machine's clock and the coordinator's differ.
     *
     * @param ahead by how much this machine's shows more; negative where it shows less
     */
    record ClockDiffers(Instant at, Duration ahead) implements NodeUpdate {}

    /** The node has a new certificate, with a new key. */
    record CertificateRenewed(Instant at, Instant until) implements NodeUpdate {}

    /**
     * A certificate ends soon, has ended, or could not be renewed.
     *
     * @param subject whose certificate, in words
     * @param next what happens by itself, and what somebody has to do
     */
    record CertificateEnds(Instant at, String subject, Instant until, String next)
            implements NodeUpdate {}

    /**
     * A sovereign model's loss on held-out text.
     *
     * @param name of the model
     * @param stage after which it was measured, or what it was before any
     */
    record Evaluated(Instant at, String name, String stage, double bitsPerByte)
            implements NodeUpdate {}
}
