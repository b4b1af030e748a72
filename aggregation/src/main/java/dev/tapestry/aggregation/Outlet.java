package dev.tapestry.aggregation;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.zip.CRC32C;

/**
 * Takes the finished chunks of one window after another, seals them and writes them in pieces.
 *
 * <p>They are written from a buffer and not through a mapping: the first touch of a mapped page of
 * a new file makes the system read what is not there, zero the page and then prepare it for
 * writing, which took half the time of a whole merge.
 */
final class Outlet {

    /**
     * Bytes of a piece: few calls, and the second-level cache still holds it when it is written.
     */
    private static final int PIECE = 256 << 10;

    private final MemorySegment buffer;
    private final CRC32C seal = new CRC32C();
    private long used;

    Outlet(Arena arena) {
        this.buffer = arena.allocate(PIECE, Long.BYTES);
    }

    /** Takes the next chunk of a window; writes what is full or the window's last. */
    void put(float[] values, ShardSink sink, String tensor, Window window, long first, int count) {
        MemorySegment.copy(values, 0, buffer, ScalarKernels.F32, used, count);
        used += (long) count * Float.BYTES;
        boolean last = first + count == window.first() + window.count();
        if (last || used + Kernels.CHUNK * Float.BYTES > PIECE) {
            MemorySegment piece = buffer.asSlice(0, used);
            seal.update(piece.asByteBuffer());
            sink.write(tensor, (first + count) * Float.BYTES - used, piece.asByteBuffer());
            used = 0;
        }
    }

    /** The seal of everything since this was last asked. */
    long takeSeal() {
        long value = seal.getValue();
        seal.reset();
        return value;
    }
}
