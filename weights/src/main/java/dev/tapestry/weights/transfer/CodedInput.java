package dev.tapestry.weights.transfer;

import com.github.luben.zstd.ZstdIOException;
import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import dev.tapestry.weights.WeightsException;
import dev.tapestry.weights.WeightsException.Code;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/**
 * Reads a part that somebody compressed: one zstd frame after the other, until the end of what
 * comes in.
 *
 * <p>Nothing is allocated because a frame says so: what a frame may ask to be remembered, its
 * window, is bounded, whoever reads says how many bytes are wanted, and what comes in may not be
 * longer than a part compressed badly. What was cut off is refused or reads as shorter, so whoever
 * reads counts. Must be closed: it holds native memory. One thread reads.
 */
public final class CodedInput extends InputStream {

    /** The widest window, as a power of two: 512 KiB, that of zstd's level 1 for any length. */
    private static final int MOST_WINDOW_LOG = 19;

    /** What reading holds besides the bytes that are asked for, natively and in the heap. */
    public static final long MEMORY_BYTES = 1 << 20;

    private final ZstdInputStreamNoFinalizer decoder;

    /**
     * Reads what is compressed in {@code coded}, which stays open.
     *
     * @param bytes of the part
     */
    public CodedInput(InputStream coded, long bytes) throws IOException {
        decoder = new ZstdInputStreamNoFinalizer(new Bounded(coded, PartCoding.longest(bytes)));
        decoder.setLongMax(MOST_WINDOW_LOG);
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    /**
     * Reads what was compressed.
     *
     * @throws IOException when what is compressed cannot be read
     * @throws WeightsException {@code PART_CODING}
     */
    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
        try {
            return decoder.read(into, offset, length);
        } catch (ZstdIOException e) {
            throw new WeightsException(
                    Code.PART_CODING,
                    "this is not zstd (RFC 8878) with windows of at most %d KiB: %s"
                            .formatted((1 << MOST_WINDOW_LOG) >> 10, e.getMessage()),
                    e);
        }
    }

    @Override
    public void close() throws IOException {
        decoder.close();
    }

    /** Frames of nothing could go on for ever. */
    private static final class Bounded extends FilterInputStream {
        private final long most;
        private long left;

        Bounded(InputStream in, long most) {
            super(in);
            this.most = most;
            this.left = most;
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            // What came before the byte that is too much is read first.
            int read = super.read(into, offset, (int) Math.min(length, Math.max(left, 1)));
            left -= Math.max(0, read);
            if (left < 0) {
                throw new WeightsException(
                        Code.PART_CODING,
                        "a part of this length has at most %,d bytes compressed; more came"
                                .formatted(most));
            }
            return read;
        }

        /** What is left of a bomb is not read to its end, as some connections would. */
        @Override
        public void close() {}
    }
}
