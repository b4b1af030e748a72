package dev.tapestry.weights;

import java.util.List;

/**
 * The name, type and shape of a tensor, without its numbers.
 *
 * @param name 1 to {@value #MAX_NAME_CHARS} characters; never {@code __metadata__}
 * @param dtype of each element
 * @param shape dimensions, outermost first; none at all for a scalar; a dimension may be 0
 */
public record TensorSpec(String name, DType dtype, List<Long> shape) {

    /** Longer names are refused. */
    public static final int MAX_NAME_CHARS = 1024;

    /** More dimensions are refused. */
    public static final int MAX_DIMENSIONS = 16;

    public TensorSpec {
        shape = List.copyOf(shape);
        if (name.isEmpty() || name.length() > MAX_NAME_CHARS || name.equals("__metadata__")) {
            throw new WeightsException(
                    WeightsException.Code.TENSOR,
                    "a tensor's name has 1 to "
                            + MAX_NAME_CHARS
                            + " characters and is not __metadata__; not '"
                            + name.substring(0, Math.min(name.length(), 80))
                            + "'");
        }
        if (shape.size() > MAX_DIMENSIONS) {
            throw new WeightsException(
                    WeightsException.Code.SHAPE,
                    "tensor '"
                            + name
                            + "' has "
                            + shape.size()
                            + " dimensions; at most "
                            + MAX_DIMENSIONS);
        }
        checkedBytes(name, dtype, shape);
    }

    /** A tensor of {@code dtype} with the given dimensions, outermost first. */
    public static TensorSpec of(String name, DType dtype, long... shape) {
        return new TensorSpec(name, dtype, java.util.Arrays.stream(shape).boxed().toList());
    }

    /** How many numbers it holds: the product of its dimensions, 1 for a scalar. */
    public long elements() {
        return shape.stream().mapToLong(Long::longValue).reduce(1, (a, b) -> a * b);
    }

    /** How many bytes its numbers take. */
    public long bytes() {
        return elements() * dtype.bytes();
    }

    /** The same tensor in another dtype. */
    public TensorSpec as(DType other) {
        return new TensorSpec(name, other, shape);
    }

    private static void checkedBytes(String name, DType dtype, List<Long> shape) {
        long bytes = dtype.bytes();
        boolean empty = shape.contains(0L);
        for (long dimension : shape) {
            if (dimension < 0) {
                throw new WeightsException(
                        WeightsException.Code.SHAPE,
                        "tensor '" + name + "' has a negative dimension in " + shape);
            }
            try {
                bytes = Math.multiplyExact(bytes, empty ? 1 : dimension);
            } catch (ArithmeticException e) {
                throw new WeightsException(
                        WeightsException.Code.SHAPE,
                        "tensor '" + name + "' of shape " + shape + " is larger than 2^63 bytes",
                        e);
            }
        }
    }
}
