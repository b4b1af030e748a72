package dev.tapestry.weights.codec;

import dev.tapestry.weights.FloatConversion;
import dev.tapestry.weights.WeightsException;
import dev.tapestry.weights.WeightsException.Code;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * The bytes of one group that somebody else encoded, and where they stand in their tensor. Behind
 * them is room for {@value #SLACK} bytes of zeros, so that eight can always be loaded at once.
 *
 * <p>One is filled again and again; not for more than one thread.
 */
final class GroupBytes {

    /** Zeros that can be read behind the end. */
    static final int SLACK = 16;

    private final byte[] bytes;
    private int length;
    private String tensor = "";
    private long offset;

    /** Room for groups of at most {@code most} bytes. */
    GroupBytes(int most) {
        this.bytes = new byte[most + SLACK];
    }

    /** Takes {@code length} bytes from {@code offset} of the payload of {@code tensor}. */
    void load(String tensor, MemorySegment payload, long offset, int length) {
        this.tensor = tensor;
        this.offset = offset;
        this.length = length;
        MemorySegment.copy(payload, ValueLayout.JAVA_BYTE, offset, bytes, 0, length);
        Arrays.fill(bytes, length, length + SLACK, (byte) 0);
    }

    byte[] bytes() {
        return bytes;
    }

    int length() {
        return length;
    }

    int unsignedByte(int at) {
        return bytes[at] & 0xff;
    }

    int unsignedShort(int at) {
        return unsignedByte(at) | unsignedByte(at + 1) << 8;
    }

    /** The non-negative finite BF16 at {@code at}; anything else is refused. */
    int scale(int at, int largest) {
        int bits = unsignedShort(at);
        if (bits > largest) {
            throw refused(at, "the scale %04x is not a BF16 from 0 to %04x", bits, largest);
        }
        return bits;
    }

    /** Refuses when a decoded value is NaN or infinite: the first one, with its index. */
    void requireFinite(Kernels kernels, float[] values, int count, int bytesOfOne) {
        int bad = Finite.firstNot(kernels, values, count);
        if (bad >= 0) {
            throw refused(bad * bytesOfOne, "a value is %s", values[bad]);
        }
    }

    /** What is wrong at byte {@code at} of the group. */
    @SuppressWarnings("AnnotateFormatMethod") // formats are literals here
    WeightsException refused(int at, String reason, Object... values) {
        return new WeightsException(
                Code.PAYLOAD,
                "tensor '"
                        + tensor
                        + "', byte "
                        + (offset + at)
                        + " of its payload: "
                        + reason.formatted(values));
    }

    /** Four little-endian bytes. */
    static void putInt(byte[] bytes, int at, int value) {
        MemorySegment.ofArray(bytes).set(FloatConversion.INT_LE, at, value);
    }

    /** Two little-endian bytes. */
    static void putShort(byte[] bytes, int at, int value) {
        bytes[at] = (byte) value;
        bytes[at + 1] = (byte) (value >>> 8);
    }
}
