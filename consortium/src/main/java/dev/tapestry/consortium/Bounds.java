package dev.tapestry.consortium;

/** Ranges that the numbers of a merge rule have in common. */
final class Bounds {

    private Bounds() {}

    static void positive(String name, double value) {
        if (!(value > 0) || !Double.isFinite(value)) {
            throw new IllegalArgumentException(name + " is above 0, not " + value);
        }
    }

    static void fraction(String name, double value) {
        if (!(value >= 0 && value < 1)) {
            throw new IllegalArgumentException(name + " is at least 0 and below 1, not " + value);
        }
    }

    static void atLeast(int least, String name, int value) {
        if (value < least) {
            throw new IllegalArgumentException(name + " is at least " + least + ", not " + value);
        }
    }

    static void iterations(int value) {
        if (value < 1 || value > 1_000) {
            throw new IllegalArgumentException("iterations is 1 to 1,000, not " + value);
        }
    }
}
