package dev.tapestry.training;

/**
 * In which order a node reads its tokens: a pure function of the seed and the number of the
 * sequence, so that training resumes anywhere without a log.
 *
 * <p>The stream is cut into windows of {@code length + 1} tokens (inputs and, one later, targets),
 * each beginning {@code length} after the one before. An epoch visits every window once, in an
 * order of its own, and shifts the cuts by an offset of its own. The permutation is a four-round
 * Feistel network over the next even power of two, walked until it lands inside (Black and Rogaway
 * 2002, cycle walking).
 */
final class DataOrder {

    private final long tokens;
    private final int length;
    private final long seed;
    private final long windows;
    private final int halfBits;

    /** The order over {@code tokens} tokens; at least {@code length + 1} of them. */
    DataOrder(long tokens, int length, long seed) {
        if (tokens < length + 1L) {
            throw new TrainingException(
                    TrainingException.Code.TOO_FEW_TOKENS,
                    "the corpus has %d tokens; a sequence of %d needs %d: add text or shorten the sequence"
                            .formatted(tokens, length, length + 1L));
        }
        this.tokens = tokens;
        this.length = length;
        this.seed = seed;
        // One window is given up to the offset, if there are several.
        this.windows = Math.max(1, (tokens - 1) / length - 1);
        this.halfBits = Math.max(1, (65 - Long.numberOfLeadingZeros(windows - 1)) / 2);
    }

    /** Sequences in an epoch. */
    long windows() {
        return windows;
    }

    /** The first token of sequence {@code number}, counted from 0 over all epochs. */
    long start(long number) {
        long epoch = number / windows;
        long slack = tokens - windows * length; // at least 1: the last window's targets need it
        long offset = Long.remainderUnsigned(mixed(seed ^ mixed(epoch)), Math.min(slack, length));
        return offset + permuted(number % windows, mixed(seed + epoch)) * length;
    }

    private long permuted(long index, long key) {
        long at = index;
        do {
            at = feistel(at, key);
        } while (at >= windows);
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
    private static long mixed(long x) {
        long z = x + 0x9e3779b97f4a7c15L;
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }
}
