package dev.tapestry.aggregation;

/**
 * How far a merge is.
 *
 * @param step what it is at
 * @param shard the one at work, from 1; 0 before the first
 * @param shards in all
 * @param done elements that this step has worked on, those of an earlier process included
 * @param all elements that it has to work on; 0 where they are not counted
 */
public record MergeHeadway(Step step, int shard, int shards, long done, long all) {

    /** What a merge does one after another. */
    public enum Step {
        /** What an interrupted merge has left is read and held against its seals. */
        CHECKING,
        /** All updates are read once, for rules that have to know them before they begin. */
        SURVEYING,
        /** Shards are merged and written. */
        MERGING
    }
}
