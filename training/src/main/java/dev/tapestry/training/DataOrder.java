package dev.tapestry.training;

/**
 * In which order a node reads its tokens: a pure function of the seed and the number of the
 * sequence, so that training resumes anywhere without a log.
 *
 * <p>The stream is cut into windows of {@code length + 1} tokens (inputs and, one later, targets),
 * each beginning {@code length} after the one before. An epoch visits every window once, in an
 * order of its own ({@link Shuffle}), and shifts the cuts by an offset of its own.
 */
final class DataOrder {

    private final long tokens;
    private final int length;
    private final long seed;
    private final long windows;
    private final Shuffle shuffle;

    /** The order over {@code tokens} tokens; at least {@code length + 1} of them. */
    DataOrder(long tokens, int length, long seed) {
        if (tokens < length + 1L) {
            throw new TrainingException(
                    TrainingException.Code.TOO_FEW_TOKENS,
                    "the corpus has %d tokens; a sequence of %d needs %d: add text or shorten the sequence"
                            .formatted(tokens, length, length + 1L));
        }
        this.tokens = tokens;
        this.length = length;
        this.seed = seed;
        // One window is given up to the offset, if there are several.
        this.windows = Math.max(1, (tokens - 1) / length - 1);
        this.shuffle = new Shuffle(windows, seed);
    }

    /** Sequences in an epoch. */
    long windows() {
        return windows;
    }

    /** The first token of sequence {@code number}, counted from 0 over all epochs. */
    long start(long number) {
        long epoch = number / windows;
        long slack = tokens - windows * length; // at least 1: the last window's targets need it
        long offset =
                Long.remainderUnsigned(
                        Shuffle.mixed(seed ^ Shuffle.mixed(epoch)), Math.min(slack, length));
        return offset + shuffle.at(number) * length;
    }
}
