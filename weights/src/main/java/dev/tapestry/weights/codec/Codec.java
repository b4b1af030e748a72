package dev.tapestry.weights.codec;

import dev.tapestry.weights.WeightsException;
import dev.tapestry.weights.WeightsException.Code;
import java.util.Arrays;

/**
 * How the numbers of an update become bytes; the layout of each is in the package's description.
 *
 * <p>Tensors are encoded in groups of {@value #GROUP} consecutive numbers, row-major, each by
 * itself: so any number of threads may work, memory is bounded, and one group can be decoded
 * without the others. The same numbers give the same bytes on every machine.
 */
public enum Codec {
    /** The numbers as they are: 4 bytes each. */
    FP32("fp32/1"),
    /** Rounded to BF16, ties to even: 2 bytes each. */
    BF16("bf16/1"),
    /** Eight-bit integers with a scale for 64 numbers: 1.031 bytes each. */
    INT8("int8/1"),
    /**
     * A sign and a power of two, with a scale for 64 numbers: 0.531 bytes each (Streaming DiLoCo,
     * arXiv 2501.18512).
     */
    E3M0("e3m0/1"),
    /** Four-bit integers with a scale for 64 numbers: 0.531 bytes each. */
    INT4("int4/1"),
    /** A sign and one of two magnitudes for 128 numbers: 0.281 bytes each; for error feedback. */
    INT2("int2/1"),
    /**
     * One of 64 numbers in two bits, with its place: 0.0188 bytes each; for error feedback
     * (SparseLoCo, arXiv 2508.15706).
     */
    TOPK_64("topk64/1"),
    /** One of 32 numbers: 0.034 bytes each. */
    TOPK_32("topk32/1"),
    /** One of 16 numbers: 0.059 bytes each. */
    TOPK_16("topk16/1");

    /** Consecutive numbers of a tensor that are encoded together; the last group may be shorter. */
    public static final int GROUP = 1 << 18;

    /** Consecutive numbers among which the largest are kept; the last chunk may be shorter. */
    static final int CHUNK = 1 << 12;

    private final String wireName;

    Codec(String wireName) {
        this.wireName = wireName;
    }

    /** The name and version that coded files carry, such as {@code int8/1}. */
    public String wireName() {
        return wireName;
    }

    /** The codec that files call {@code wireName}; refused with {@code CODEC} if unknown. */
    public static Codec named(String wireName) {
        return Arrays.stream(values())
                .filter(codec -> codec.wireName.equals(wireName))
                .findFirst()
                .orElseThrow(() ->
                        new WeightsException(
                                Code.CODEC,
                                "the codec '"
                                        + wireName.substring(0, Math.min(40, wireName.length()))
                                        + "' is not one of "
                                        + Arrays.toString(values())
                                        + ": one of both ends is too old"));
    }

    /** How many groups a tensor of so many numbers has. */
    public static long groups(long elements) {
        return Math.ceilDiv(elements, (long) GROUP);
    }

    /** How many numbers group {@code group} of a tensor has. */
    static int count(long elements, long group) {
        return (int) Math.min(GROUP, elements - group * GROUP);
    }

    /** A coder for one thread. */
    GroupCoder coder() {
        return coder(Kernels.fastest());
    }

    GroupCoder coder(Kernels kernels) {
        return switch (this) {
            case FP32 -> new Fp32Coder(kernels);
            case BF16 -> new Bf16Coder(kernels);
            case INT8 -> new Int8Coder(kernels);
            case E3M0 -> new FourBitCoder(kernels, FourBitCoder.Levels.POWERS);
            case INT4 -> new FourBitCoder(kernels, FourBitCoder.Levels.INTEGERS);
            case INT2 -> new TwoBitCoder(kernels);
            case TOPK_64 -> new TopKCoder(kernels, 64);
            case TOPK_32 -> new TopKCoder(kernels, 32);
            case TOPK_16 -> new TopKCoder(kernels, 16);
        };
    }

    @Override
    public String toString() {
        return wireName;
    }
}
