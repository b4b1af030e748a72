package dev.tapestry.weights.transfer;

/**
 * What compressing a sample of a part gave.
 *
 * @param bytes of the sample
 * @param coded bytes of the outcome
 * @param seconds that it took
 */
public record CodingTrial(int bytes, int coded, double seconds) {

    /** Less than this is not worth anybody's time. */
    private static final double LEAST_SAVING = 0.03;

    /** Requires a sample. */
    public CodingTrial {
        if (bytes <= 0) {
            throw new IllegalArgumentException("a sample of " + bytes + " bytes");
        }
    }

    /** The part of the bytes that is saved; below 0 where they became more. */
    public double saving() {
        return 1 - (double) coded / bytes;
    }

    /** Whether it saves enough for a line that is slow. */
    public boolean savesEnough() {
        return saving() >= LEAST_SAVING;
    }

    /**
     * Whether a line gains more time than both ends spend.
     *
     * <p>A part of n bytes is on the line for n·s/r seconds less, with s the saving and r the
     * line's rate. To compress it takes n/c seconds, and to read it again at the other end is taken
     * to be as much; so it pays where r &lt; s·c/2.
     *
     * @param rate bytes a second that the whole line carries
     */
    public boolean pays(double rate) {
        return savesEnough() && rate * 2 * seconds < saving() * bytes;
    }
}
