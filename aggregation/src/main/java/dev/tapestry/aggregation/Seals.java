package dev.tapestry.aggregation;

import dev.tapestry.weights.SafetensorsFile;
import dev.tapestry.weights.TensorSpec;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.zip.CRC32C;

/** Checksums by which a restarted merge knows a shard that it has written. */
final class Seals {

    private Seals() {}

    /** Of one window, from the CRC-32C of what was written of it into each file. */
    static long ofWindow(long[] parts) {
        return ofShard(parts);
    }

    /** Of a shard, from those of its windows in order. */
    static long ofShard(long[] windows) {
        CRC32C seal = new CRC32C();
        for (long window : windows) {
            for (int shift = 0; shift < Long.SIZE; shift += Byte.SIZE) {
                seal.update((int) (window >>> shift) & 0xff);
            }
        }
        return seal.getValue();
    }

    /** Of a shard that was written earlier: the new base's file and those of its buffers. */
    static long ofWritten(Workers workers, List<TensorSpec> specs, List<SafetensorsFile> files) {
        List<Window> windows = Window.of(specs);
        long[] seals = new long[windows.size()];
        workers.each(
                seals.length,
                () -> specs,
                (tensors, index) -> {
                    Window window = windows.get(index);
                    String name = tensors.get(window.tensor()).name();
                    long at = window.first() * Float.BYTES;
                    long bytes = (long) window.count() * Float.BYTES;
                    long[] parts = new long[files.size()];
                    for (int file = 0; file < files.size(); file++) {
                        MemorySegment data = files.get(file).data(name);
                        CRC32C seal = new CRC32C();
                        seal.update(data.asSlice(at, bytes).asByteBuffer());
                        PassedPages.release(data, at, bytes);
                        parts[file] = seal.getValue();
                    }
                    seals[index] = ofWindow(parts);
                });
        return ofShard(seals);
    }
}
