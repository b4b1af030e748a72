package dev.tapestry.weights.gguf;

import dev.tapestry.weights.TensorSpec;

/**
 * A tensor on its way into a GGUF file.
 *
 * @param name its name there
 * @param source the tensor of the model directory
 * @param type how its numbers are stored
 * @param rotaryHeads the number of heads whose rows change their order; 0 where rows stay
 */
record GgufTensor(String name, TensorSpec source, Quantisation type, int rotaryHeads) {

    /** Elements of one row: the innermost dimension. */
    long rowElements() {
        return source.shape().getLast();
    }

    /** The rows of a matrix; 1 for a vector. */
    long rows() {
        return source.elements() / rowElements();
    }

    /** The bytes of its data, without padding. */
    long bytes() {
        return type.bytes(source.elements());
    }

    /** The row of the source that becomes row {@code row}: (i, half) comes from (half, i). */
    long sourceRow(long row) {
        if (rotaryHeads == 0) {
            return row;
        }
        long headRows = rows() / rotaryHeads;
        long head = row / headRows;
        long inHead = row % headRows;
        return head * headRows + inHead % 2 * (headRows / 2) + inHead / 2;
    }
}
