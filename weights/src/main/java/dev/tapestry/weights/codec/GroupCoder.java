package dev.tapestry.weights.codec;

import java.lang.foreign.MemorySegment;

/**
 * Turns one group of at most {@link Codec#GROUP} numbers into bytes and back.
 *
 * <p>It owns scratch arrays: each thread has its own. Between calls it remembers nothing, so the
 * same numbers give the same bytes whatever came before.
 */
sealed interface GroupCoder
        permits Fp32Coder, Bf16Coder, Int8Coder, FourBitCoder, TwoBitCoder, TopKCoder {

    /** Arrays that are encoded into are this much longer than {@link #maxBytes}. */
    int SLACK = 64;

    /** The most bytes that {@code count} numbers take; exactly so many if the rate is fixed. */
    int maxBytes(int count);

    /**
     * Encodes the first {@code count} of {@code values}, which are finite.
     *
     * @param out at least {@link #maxBytes} + {@value #SLACK} long
     * @return how many bytes the group has; what is written behind them is of no account
     */
    int encode(float[] values, int count, byte[] out);

    /** Decodes a group of {@code count} numbers; what {@link #encode} cannot write is refused. */
    void decode(GroupBytes in, int count, float[] values);

    /** How many bytes the group of {@code count} numbers says it has that begins at {@code at}. */
    default long length(MemorySegment payload, long at, int count) {
        return maxBytes(count);
    }
}
