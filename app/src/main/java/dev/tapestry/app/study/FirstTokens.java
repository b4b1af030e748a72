package dev.tapestry.app.study;

import dev.tapestry.training.Tokens;

/**
 * The beginning of a text, to see what a member with less of it could do.
 *
 * @param all the text
 * @param count how many of its ids
 */
record FirstTokens(Tokens all, long count) implements Tokens {

    FirstTokens {
        count = Math.min(count, all.count());
    }

    @Override
    public long bytes() {
        return Math.round((double) all.bytes() / all.count() * count);
    }

    @Override
    public void read(long from, long[] into) {
        if (from + into.length > count) {
            throw new IndexOutOfBoundsException(
                    "%d ids from %d; there are %d".formatted(into.length, from, count));
        }
        all.read(from, into);
    }
}
