package dev.tapestry.app.study;

import dev.tapestry.training.Tokens;

/**
 * A stretch of a text.
 *
 * @param all the text
 * @param from its first id
 * @param count how many of its ids
 */
public record TokenRange(Tokens all, long from, long count) implements Tokens {

    /** The beginning of a text, to see what a member with less of it could do. */
    static TokenRange first(Tokens all, long count) {
        return new TokenRange(all, 0, Math.min(count, all.count()));
    }

    /** One of {@code parts} parts of equal length. */
    public static TokenRange part(Tokens all, int place, int parts) {
        long length = all.count() / parts;
        return new TokenRange(all, place * length, length);
    }

    @Override
    public long bytes() {
        return Math.round((double) all.bytes() / all.count() * count);
    }

    @Override
    public void read(long first, long[] into) {
        if (first + into.length > count) {
            throw new IndexOutOfBoundsException(
                    "%d ids from %d; there are %d".formatted(into.length, first, count));
        }
        all.read(from + first, into);
    }
}
