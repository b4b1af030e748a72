package dev.tapestry.weights.transfer;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.util.Native;
import dev.tapestry.weights.WeightsException;
import dev.tapestry.weights.WeightsException.Code;

/**
 * How a part is compressed for its way: one zstd frame after the other, each of at most {@link
 * #CHUNK_BYTES} of the part.
 *
 * <p>What is compressed at once needs a context of native memory (about 600 KiB) only while it is,
 * not for as long as a slow line takes the outcome.
 */
public final class PartCoding {

    /** The coding's name in HTTP. */
    public static final String NAME = "zstd";

    /** As much of a part is compressed at once. */
    public static final int CHUNK_BYTES = 256 << 10;

    /** What {@link #encode} makes of a chunk has at most so many bytes. */
    public static final int LONGEST_CHUNK = (int) longest(CHUNK_BYTES);

    /** The fastest of the usual levels: higher ones gain nothing on coded updates. */
    private static final int LEVEL = 1;

    private static final boolean AVAILABLE = load();

    private PartCoding() {}

    /** Whether this machine can: not where the library has no native code for it. */
    public static boolean available() {
        return AVAILABLE;
    }

    private static boolean load() {
        try {
            Native.load();
            return Native.isLoaded();
        } catch (LinkageError e) {
            System.getLogger(PartCoding.class.getName())
                    .log(System.Logger.Level.WARNING, "parts travel uncompressed: " + e);
            return false;
        }
    }

    /** A part of so many bytes has, compressed, at most so many: more is no part's coding. */
    public static long longest(long bytes) {
        // What cannot be compressed stands in blocks of 128 KiB with 3 bytes each, beside a head
        // of up to 18 bytes; frames of 8 KiB, 256 times shorter than a part, would still fit.
        return bytes + (bytes >> 8) + 1024;
    }

    /**
     * Compresses a chunk into a frame of its own.
     *
     * @param length of the chunk, from the array's beginning
     * @param into at least {@link #LONGEST_CHUNK} bytes
     * @return the frame's length
     */
    public static int encode(byte[] chunk, int length, byte[] into) {
        long coded = Zstd.compressByteArray(into, 0, into.length, chunk, 0, length, LEVEL);
        if (Zstd.isError(coded)) {
            throw new WeightsException(
                    Code.PART_CODING,
                    "cannot compress %d bytes: %s".formatted(length, Zstd.getErrorName(coded)));
        }
        return (int) coded;
    }

    /** Compresses a sample, to see whether that is worth it. */
    public static CodingTrial trial(byte[] sample, int length) {
        byte[] coded = new byte[LONGEST_CHUNK];
        long begun = System.nanoTime();
        int bytes = encode(sample, length, coded);
        return new CodingTrial(length, bytes, (System.nanoTime() - begun) / 1e9);
    }
}
