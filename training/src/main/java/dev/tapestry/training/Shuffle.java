package dev.tapestry.training;

/**
 * In which order things are taken, again and again: a pure function of the seed and the number of
 * the turn, so that training resumes anywhere without a log. An epoch takes each thing once, in an
 * order of its own.
 *
 * <p>The permutation is a four-round Feistel network over the next even power of two, walked until
 * it lands inside (Black and Rogaway 2002, cycle walking).
 */
final class Shuffle {

    private final long count;
    private final long seed;
    private final int halfBits;

    /** The order of {@code count} things, at least one. */
    Shuffle(long count, long seed) {
        this.count = count;
        this.seed = seed;
        this.halfBits = Math.max(1, (65 - Long.numberOfLeadingZeros(count - 1)) / 2);
    }

    /** Which of the things turn {@code number} takes, counted from 0 over all epochs. */
    long at(long number) {
        return permuted(number % count, mixed(seed + number / count));
    }

    private long permuted(long index, long key) {
        long at = index;
        do {
            at = feistel(at, key);
        } while (at >= count);
        return at;
    }

    private long feistel(long value, long key) {
        long mask = (1L << halfBits) - 1;
        long left = value >>> halfBits;
        long right = value & mask;
        for (int round = 0; round < 4; round++) {
            long next = left ^ (mixed(right ^ mixed(key + round)) & mask);
            left = right;
            right = next;
        }
        return left << halfBits | right;
    }

    /** The finaliser of SplitMix64 (Steele, Lea and Flood 2014). */
    static long mixed(long x) {
        long z = x + 0x9e3779b97f4a7c15L;
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }
}
