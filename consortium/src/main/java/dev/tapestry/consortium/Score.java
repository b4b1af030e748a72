package dev.tapestry.consortium;

/**
 * How a candidate does on one member's held-out text: numbers only, the text stays home.
 *
 * @param candidateBitsPerByte loss of the candidate
 * @param baseBitsPerByte loss of the round's base on the same text
 * @param bytes of text that were scored
 */
public record Score(double candidateBitsPerByte, double baseBitsPerByte, long bytes) {

    public Score {
        if (!Double.isFinite(candidateBitsPerByte) || candidateBitsPerByte < 0) {
            throw new IllegalArgumentException(
                    "a score is a finite number of bits per byte, not " + candidateBitsPerByte);
        }
        if (!Double.isFinite(baseBitsPerByte) || baseBitsPerByte < 0) {
            throw new IllegalArgumentException(
                    "a base's score is a finite number of bits per byte, not " + baseBitsPerByte);
        }
        if (bytes < 1) {
            throw new IllegalArgumentException("a score needs at least 1 byte of text");
        }
    }
}
