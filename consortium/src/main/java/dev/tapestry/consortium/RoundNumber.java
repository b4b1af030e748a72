package dev.tapestry.consortium;

/**
 * The number of a round; the first is 1.
 *
 * @param value at least 1
 */
public record RoundNumber(int value) implements Comparable<RoundNumber> {

    public RoundNumber {
        if (value < 1) {
            throw new IllegalArgumentException("rounds are numbered from 1, not " + value);
        }
    }

    /** The round after this one. */
    public RoundNumber next() {
        return new RoundNumber(value + 1);
    }

    @Override
    public int compareTo(RoundNumber other) {
        return Integer.compare(value, other.value);
    }

    @Override
    public String toString() {
        return Integer.toString(value);
    }
}
