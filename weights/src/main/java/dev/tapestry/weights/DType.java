package dev.tapestry.weights;

import java.util.Arrays;

/** The types of what tensors hold; always little-endian in files. */
public enum DType {
    /** IEEE 754 binary32. */
    F32(4),
    /** The upper half of a binary32: 8 bits of exponent, 7 of fraction. */
    BF16(2),
    /** IEEE 754 binary16: 5 bits of exponent, 10 of fraction. */
    F16(2),
    /** Plain bytes: a coded update, never the weights of a model. */
    U8(1);

    private final int bytes;

    DType(int bytes) {
        this.bytes = bytes;
    }

    /** The size of one element in bytes. */
    public int bytes() {
        return bytes;
    }

    /** The type that safetensors calls {@code name}; refused with {@code DTYPE} if unknown. */
    static DType named(String name) {
        return Arrays.stream(values())
                .filter(dtype -> dtype.name().equals(name))
                .findFirst()
                .orElseThrow(() ->
                        new WeightsException(
                                WeightsException.Code.DTYPE,
                                "dtype '"
                                        + name
                                        + "' is not one of "
                                        + Arrays.toString(values())
                                        + ": convert the model first"));
    }
}
