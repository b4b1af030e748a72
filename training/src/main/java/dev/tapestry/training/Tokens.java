package dev.tapestry.training;

import dev.tapestry.corpus.TokenShard;

/**
 * A text as token ids, to train or to score on.
 *
 * <p>Implementations may be read by several threads.
 */
public interface Tokens {

    /** How many ids there are. */
    long count();

    /** How many bytes of UTF-8 the ids stand for. */
    long bytes();

    /** Reads ids from position {@code from} until {@code into} is full. */
    void read(long from, long[] into);

    /** The tokens of a packed shard; it must stay open as long as they are read. */
    static Tokens of(TokenShard shard) {
        return new ShardTokens(shard);
    }

    /** Ids in memory that stand for one byte each. */
    static Tokens of(int... ids) {
        return new ArrayTokens(ids.clone(), ids.length);
    }

    /** Ids in memory that stand for {@code bytes} bytes together. */
    static Tokens of(int[] ids, long bytes) {
        return new ArrayTokens(ids.clone(), bytes);
    }
}
