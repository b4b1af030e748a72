package dev.tapestry.weights.codec;

/** Reads what {@link BitWriter} wrote; zeros behind the end, for {@link #end} to notice. */
final class BitReader {

    /** A load at any bit gives at least so many. */
    private static final int LOADED = 57;

    private final GroupBytes in;
    private long at;

    /** Begins at byte {@code at} of a group. */
    BitReader(GroupBytes in, int at) {
        this.in = in;
        this.at = (long) at * Byte.SIZE;
    }

    /** The byte where the next bit is. */
    int byteAt() {
        return (int) (at / Byte.SIZE);
    }

    /** The next {@code bits} bits, at most 32. */
    int take(int bits) {
        int value = (int) (loaded() & ((1L << bits) - 1));
        at += bits;
        return value;
    }

    /**
     * How many zeros come before the next one, which is passed too; more than {@code most} is most
     * + 1.
     */
    int zeros(int most) {
        int zeros = 0;
        while (zeros <= most) {
            int more = Math.min(LOADED, Long.numberOfTrailingZeros(loaded()));
            zeros += more;
            at += more;
            if (more < LOADED) {
                at++;
                break;
            }
        }
        return Math.min(zeros, most + 1);
    }

    private long loaded() {
        int from = byteAt();
        if (from > in.length() + Long.BYTES) {
            throw in.refused(in.length(), "the positions end too early");
        }
        return SmallCodes.load(in.bytes(), from) >>> (int) (at % Byte.SIZE);
    }

    /**
     * Refuses when bits are lacking, whole bytes are left, or the last byte is not filled with
     * zeros.
     */
    void end() {
        long end = Math.ceilDiv(at, (long) Byte.SIZE);
        if (end > in.length()) {
            throw in.refused(in.length(), "the positions end too early");
        }
        if (end < in.length()) {
            throw in.refused((int) end, "something follows the last position");
        }
        if (at % Byte.SIZE != 0 && loaded() != 0) {
            throw in.refused(byteAt(), "the unused bits of the last byte are not zero");
        }
    }
}
