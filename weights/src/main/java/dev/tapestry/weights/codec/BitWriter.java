package dev.tapestry.weights.codec;

/** Appends bits to bytes, the lowest bit of a byte first. */
final class BitWriter {

    private final byte[] out;
    private int at;
    private long pending;
    private int count;

    /** Begins at byte {@code at} of {@code out}, which has four spare bytes behind the last. */
    BitWriter(byte[] out, int at) {
        this.out = out;
        this.at = at;
    }

    /** Appends the lowest {@code bits} bits of {@code value}, at most 32, the others being zero. */
    void put(int value, int bits) {
        pending |= Integer.toUnsignedLong(value) << count;
        count += bits;
        if (count >= Integer.SIZE) {
            SmallCodes.store(out, at, (int) pending);
            at += Integer.BYTES;
            pending >>>= Integer.SIZE;
            count -= Integer.SIZE;
        }
    }

    /** Fills the last byte with zeros; the index behind it. */
    int finish() {
        SmallCodes.store(out, at, (int) pending);
        return at + Math.ceilDiv(count, Byte.SIZE);
    }
}
