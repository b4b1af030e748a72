package dev.tapestry.weights;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/**
 * A safetensors file, mapped read-only; its numbers stay on disk until they are looked at.
 *
 * <p>Files of any length can be opened. The file must not be shortened while it is open: the
 * operating system answers a look at lost pages with an error that ends the program's access. Any
 * number of threads may read; {@link #close} when none does.
 */
public final class SafetensorsFile implements AutoCloseable {

    private final Path path;
    private final Arena arena;
    private final MemorySegment file;
    private final SafetensorsHeader header;
    private final SequencedMap<String, TensorSpec> specs = new LinkedHashMap<>();

    private SafetensorsFile(Path path, Arena arena, MemorySegment file, SafetensorsHeader header) {
        this.path = path;
        this.arena = arena;
        this.file = file;
        this.header = header;
        header.tensors().forEach((name, entry) -> specs.put(name, entry.spec()));
    }

    /**
     * Maps {@code path} and checks its header completely.
     *
     * @throws WeightsException with the offset and the reason if the file is malformed
     */
    @SuppressWarnings("MustBeClosed") // the arena lives as long as the file is open
    public static SafetensorsFile open(Path path) {
        Arena arena = Arena.ofShared();
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            MemorySegment file =
                    channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            return new SafetensorsFile(path, arena, file, SafetensorsHeaderReader.read(path, file));
        } catch (NoSuchFileException e) {
            arena.close();
            throw new WeightsException(
                    WeightsException.Code.MISSING_FILE, path + " does not exist", e);
        } catch (IOException e) {
            arena.close();
            throw WeightsException.io("map", path, e);
        } catch (RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    /** The file. */
    public Path path() {
        return path;
    }

    /** All tensors, in the order of their data. */
    public SequencedMap<String, TensorSpec> tensors() {
        return java.util.Collections.unmodifiableSequencedMap(specs);
    }

    /** What the writer noted, such as {@code format}. */
    public SequencedMap<String, String> metadata() {
        return header.metadata();
    }

    /**
     * The numbers of tensor {@code name}, read-only, little-endian; not always aligned, so read
     * them with {@link FloatConversion#FLOAT_LE} and its like.
     */
    public MemorySegment data(String name) {
        SafetensorsHeader.Entry entry = header.tensors().get(name);
        if (entry == null) {
            throw new WeightsException(
                    WeightsException.Code.TENSOR, path + " has no tensor '" + name + "'");
        }
        return file.asSlice(header.headerBytes() + entry.begin(), entry.end() - entry.begin());
    }

    /** Unmaps the file; its segments can no longer be read. */
    @Override
    public void close() {
        arena.close();
    }
}
