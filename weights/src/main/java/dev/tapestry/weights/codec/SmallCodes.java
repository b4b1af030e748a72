package dev.tapestry.weights.codec;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Codes of four and two bits, packed from one per byte, eight at a time within a long: the first
 * code takes the lowest bits.
 */
final class SmallCodes {

    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT =
            MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle SHORT =
            MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);

    private SmallCodes() {}

    /** Eight bytes, the first lowest. */
    static long load(byte[] bytes, int at) {
        return (long) LONG.get(bytes, at);
    }

    /** Puts four bytes, the lowest first. */
    static void store(byte[] bytes, int at, int value) {
        INT.set(bytes, at, value);
    }

    /** Whether one of the sixteen four-bit codes in {@code fours} is 8. */
    static boolean hasEight(long fours) {
        long zeros = fours ^ 0x8888888888888888L;
        return ((zeros - 0x1111111111111111L) & ~zeros & 0x8888888888888888L) != 0;
    }

    /** Packs the lower halves of all {@code codes}, zeros from {@code count} on. */
    static void packFours(byte[] codes, int count, byte[] out, int at) {
        Arrays.fill(codes, count, codes.length, (byte) 0);
        for (int i = 0; i < codes.length; i += 8) {
            long x = load(codes, i) & 0x0f0f0f0f0f0f0f0fL;
            x = (x | x >>> 4) & 0x00ff00ff00ff00ffL;
            x = (x | x >>> 8) & 0x0000ffff0000ffffL;
            INT.set(out, at + i / 2, (int) (x | x >>> 16));
        }
    }

    /** Packs {@code codes} from 0 to 3, zeros from {@code count} on. */
    static void packTwos(byte[] codes, int count, byte[] out, int at) {
        Arrays.fill(codes, count, codes.length, (byte) 0);
        for (int i = 0; i < codes.length; i += 8) {
            long x = load(codes, i);
            x = (x | x >>> 6) & 0x000f000f000f000fL;
            x = (x | x >>> 12) & 0x000000ff000000ffL;
            SHORT.set(out, at + i / 4, (short) (x | x >>> 24));
        }
    }
}
