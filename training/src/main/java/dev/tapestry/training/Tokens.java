package dev.tapestry.training;

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

    /** Ids in memory that stand for one byte each. */
    static Tokens of(int... ids) {
        return new ArrayTokens(ids.clone(), ids.length);
    }

    /** Ids in memory that stand for {@code bytes} bytes together. */
    static Tokens of(int[] ids, long bytes) {
        return new ArrayTokens(ids.clone(), bytes);
    }
}
