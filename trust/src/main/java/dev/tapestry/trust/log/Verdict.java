package dev.tapestry.trust.log;

import dev.tapestry.consortium.Digest;

/** What the examination of a whole log found. */
public sealed interface Verdict {

    /**
     * Everything fits together.
     *
     * @param size the number of entries
     * @param root of the tree over them, recomputed from their bodies
     * @param signed how many of them the last checkpoint covers; the later ones are not vouched for
     */
    record Whole(long size, Digest root, long signed) implements Verdict {}

    /**
     * The log is not what it was.
     *
     * @param index of the first entry that is wrong; for a checkpoint the size it claims
     * @param damage what is wrong
     * @param detail in words, with the values
     */
    record Broken(long index, Damage damage, String detail) implements Verdict {}

    /** What can be wrong with a log. */
    enum Damage {
        /** An entry's body is not the one that was logged. */
        TAMPERED,
        /** An entry is not there, but later ones are. */
        MISSING,
        /** An entry stands where another one was. */
        REORDERED,
        /** The log ends before a checkpoint that its key signed, or before its own tree. */
        TRUNCATED,
        /** An inner hash is not that of the entries below it. */
        TREE_DAMAGED,
        /** A checkpoint was not signed by the log's key, or says something else. */
        BAD_CHECKPOINT,
        /** The file cannot be read as a log. */
        UNREADABLE
    }
}
