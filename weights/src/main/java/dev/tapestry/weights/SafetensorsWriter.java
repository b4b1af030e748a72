package dev.tapestry.weights;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;

/**
 * Writes a safetensors file, piece by piece, so that it may be far larger than memory.
 *
 * <p>Everything goes to a file beside the target until {@link #commit}: the target is either the
 * whole new file or what it was before. What is never written is zero. Threads may write to
 * different places at once.
 */
public final class SafetensorsWriter implements AutoCloseable {

    private final Path target;
    private final Path draft;
    private final SafetensorsHeader header;
    private final FileChannel channel;
    private final Arena arena;
    private final MemorySegment file;

    @SuppressWarnings("MustBeClosed") // the arena and the channel live until commit or close
    private SafetensorsWriter(Path target, Path draft, SafetensorsHeader header)
            throws IOException {
        this.target = target;
        this.draft = draft;
        this.header = header;
        byte[] head = header.toBytes();
        long length = head.length + header.dataBytes();
        Drafts.checkRoom(target, length);
        this.channel =
                FileChannel.open(
                        draft,
                        StandardOpenOption.CREATE_NEW,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE);
        this.arena = Arena.ofShared();
        try {
            if (header.dataBytes() > 0) {
                channel.write(ByteBuffer.allocate(1), length - 1);
            }
            for (ByteBuffer rest = ByteBuffer.wrap(head); rest.hasRemaining(); ) {
                channel.write(rest, rest.position());
            }
            this.file = channel.map(FileChannel.MapMode.READ_WRITE, 0, length, arena);
        } catch (IOException | RuntimeException e) {
            arena.close();
            channel.close();
            Files.deleteIfExists(draft);
            throw e;
        }
    }

    /**
     * Begins a file with the given tensors, in this order but wider dtypes first.
     *
     * @param metadata free strings; {@code format: pt} is what other programs expect
     * @throws WeightsException {@code NO_SPACE} if the disk cannot hold it, {@code TENSOR} if a
     *     name comes twice
     */
    public static SafetensorsWriter create(
            Path target, List<TensorSpec> tensors, Map<String, String> metadata) {
        try {
            return new SafetensorsWriter(
                    target, Drafts.beside(target), SafetensorsHeader.layOut(tensors, metadata));
        } catch (IOException e) {
            throw WeightsException.io("create", target, e);
        }
    }

    /** The tensors, in the order of their data. */
    public SequencedMap<String, TensorSpec> tensors() {
        SequencedMap<String, TensorSpec> specs = new LinkedHashMap<>();
        header.tensors().forEach((name, entry) -> specs.put(name, entry.spec()));
        return Collections.unmodifiableSequencedMap(specs);
    }

    /** Where the numbers of tensor {@code name} go, little-endian, aligned to their size. */
    public MemorySegment data(String name) {
        SafetensorsHeader.Entry entry = entry(name);
        return file.asSlice(header.headerBytes() + entry.begin(), entry.end() - entry.begin());
    }

    /**
     * Writes numbers of tensor {@code name} from byte {@code offset} of its data on. In large
     * pieces this is much faster than {@link #data}, for the system need not find and zero each
     * page before it is filled. Threads may write different pieces at once.
     */
    public void write(String name, long offset, ByteBuffer bytes) {
        SafetensorsHeader.Entry entry = entry(name);
        Objects.checkFromIndexSize(offset, bytes.remaining(), entry.end() - entry.begin());
        try {
            long position = header.headerBytes() + entry.begin() + offset;
            while (bytes.hasRemaining()) {
                position += channel.write(bytes, position);
            }
        } catch (IOException e) {
            throw WeightsException.io("write", target, e);
        }
    }

    private SafetensorsHeader.Entry entry(String name) {
        SafetensorsHeader.Entry entry = header.tensors().get(name);
        if (entry == null) {
            throw new WeightsException(
                    WeightsException.Code.TENSOR,
                    "tensor '" + name + "' was not announced for " + target);
        }
        return entry;
    }

    /** Makes the file durable and puts it in the target's place, in one step. */
    public void commit() {
        try {
            file.force();
            channel.force(true);
            release();
            Drafts.publish(draft, target);
        } catch (IOException e) {
            throw WeightsException.io("finish", target, e);
        } finally {
            close();
        }
    }

    /** Drops what was written, unless it was committed. */
    @Override
    public void close() {
        try {
            release();
            Files.deleteIfExists(draft);
        } catch (IOException e) {
            throw WeightsException.io("drop", draft, e);
        }
    }

    private void release() throws IOException {
        if (arena.scope().isAlive()) {
            arena.close();
        }
        channel.close();
    }
}
