package dev.tapestry.consortium;

/** Why a run cannot begin by a plan: stable codes that stand in the protocol. */
public enum PlanFinding {
    /** The median needs 3 to choose from; with 2 it is the mean. */
    MEDIAN_TOO_FEW,
    /** The trimmed mean needs more than 2f. */
    TRIMMED_MEAN_TOO_FEW,
    /** Krum needs at least 2f + 3. */
    KRUM_TOO_FEW,
    /** Multi-Krum chooses more than n − f − 2. */
    KRUM_SELECTS_TOO_MANY,
    /** Nearest-neighbour mixing needs more than 2f. */
    NEIGHBOURS_TOO_FEW,
    /** With buckets as large as the quorum there is one bucket, which nothing can outvote. */
    BUCKETS_TOO_FEW,
    /** The mean over senders without clipping to the median norm. */
    SENDERS_UNCLIPPED,
    /** The mean over senders of mixed updates: after mixing everybody sent everything. */
    SENDERS_MIXED,
    /** A codec that this version does not know. */
    CODEC_UNKNOWN,
    /** An order statistic by coordinate over updates most of whose coordinates were not sent. */
    UPDATES_TOO_SPARSE,
    /** Mean gradients most of whose coordinates are not sent, in no round. */
    GRADIENTS_TOO_SPARSE,
    /** No step is left for after the base has come. */
    OVERLAP_TOO_LONG,
    /** More steps for everybody than for anyone. */
    PACE_ABOVE_STEPS,
    /** Training would take until the round closes. */
    PACE_TOO_SLOW,
    /** Rounds that wait for no member, by a charter that drops what comes late. */
    ASYNCHRONOUS_DROPS,
    /** Merged as soon as fewer contributions are in than the charter merges. */
    BUFFER_BELOW_QUORUM
}
