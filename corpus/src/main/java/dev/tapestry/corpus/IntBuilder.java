package dev.tapestry.corpus;

import java.util.Arrays;

/** A growing array of token ids. */
final class IntBuilder {

    private int[] values;
    private int size;

    IntBuilder(int capacity) {
        values = new int[Math.max(4, capacity)];
    }

    void add(int value) {
        reserve(1);
        values[size++] = value;
    }

    void add(int[] more) {
        reserve(more.length);
        System.arraycopy(more, 0, values, size, more.length);
        size += more.length;
    }

    int get(int index) {
        return values[index];
    }

    int size() {
        return size;
    }

    int[] toArray() {
        return Arrays.copyOf(values, size);
    }

    private void reserve(int more) {
        if (size + more > values.length) {
            values = Arrays.copyOf(values, Math.max(size + more, 2 * values.length));
        }
    }
}
