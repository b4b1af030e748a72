package dev.tapestry.app.chaos.disk;

import dev.tapestry.app.chaos.disk.Disk.Effect;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** An open file, or folder, of the failing disk. */
final class FailingChannel extends FileChannel {

    private static final int PIECE = 1 << 16;

    private final FileChannel real;
    private final Disk disk;
    private final Unsynced.Content content;
    private final boolean folder;
    private final boolean durable;
    private final boolean appends;
    private final List<Mapped> mapped = new ArrayList<>();

    /** A part of the file that is mapped for writing. */
    private record Mapped(long position, long size) {}

    /**
     * A channel on {@code path}.
     *
     * @param folder whether it is one: only {@link #force} can be asked of it
     * @param durable whether each write is flushed at once
     * @param appends whether each write goes to the end
     */
    FailingChannel(
            FileChannel real,
            Disk disk,
            Path path,
            boolean folder,
            boolean durable,
            boolean appends) {
        this.real = real;
        this.disk = disk;
        this.content = disk.unsynced().content(path);
        this.folder = folder;
        this.durable = durable;
        this.appends = appends;
    }

    private Path path() {
        return content.path();
    }

    private int writing(ByteBuffer source, long position, Writing writing) throws IOException {
        synchronized (disk) {
            Effect effect = disk.meet(DiskOperation.WRITE, path());
            disk.unsynced().writes(content, real, position, source.remaining());
            if (effect == Effect.TEAR) {
                ByteBuffer half = source.slice().limit(source.remaining() / 2);
                while (half.hasRemaining()) {
                    writing.from(half);
                }
                disk.end();
            }
            int written = writing.from(source);
            if (durable) {
                disk.unsynced().forced(content);
            }
            return written;
        }
    }

    /** One of the two ways to write. */
    @FunctionalInterface
    private interface Writing {
        int from(ByteBuffer source) throws IOException;
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
        long position = appends ? real.size() : real.position();
        return writing(source, position, real::write);
    }

    @Override
    public int write(ByteBuffer source, long position) throws IOException {
        return writing(source, position, bytes -> real.write(bytes, position));
    }

    @Override
    public long write(ByteBuffer[] sources, int offset, int length) throws IOException {
        long written = 0;
        for (int i = offset; i < offset + length; i++) {
            while (sources[i].hasRemaining()) {
                written += write(sources[i]);
            }
        }
        return written;
    }

    private int flipped(ByteBuffer target, int before, int read) throws IOException {
        if (read > 0 && disk.meet(DiskOperation.READ, path()) == Effect.FLIP) {
            target.put(before, (byte) (target.get(before) ^ 1));
        }
        return read;
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        return flipped(target, target.position(), real.read(target));
    }

    @Override
    public int read(ByteBuffer target, long position) throws IOException {
        return flipped(target, target.position(), real.read(target, position));
    }

    @Override
    public long read(ByteBuffer[] targets, int offset, int length) throws IOException {
        long total = 0;
        for (int i = offset; i < offset + length; i++) {
            int read = targets[i].hasRemaining() ? read(targets[i]) : 0;
            if (read < 0) {
                return total == 0 ? -1 : total;
            }
            total += read;
            if (targets[i].hasRemaining()) {
                return total;
            }
        }
        return total;
    }

    @Override
    public long position() throws IOException {
        return real.position();
    }

    @Override
    public FileChannel position(long position) throws IOException {
        real.position(position);
        return this;
    }

    @Override
    public long size() throws IOException {
        return real.size();
    }

    @Override
    public FileChannel truncate(long size) throws IOException {
        synchronized (disk) {
            disk.meet(DiskOperation.TRUNCATE, path());
            disk.unsynced().truncates(content, real, size);
            real.truncate(size);
        }
        return this;
    }

    @Override
    public void force(boolean metaData) throws IOException {
        synchronized (disk) {
            disk.meet(DiskOperation.FORCE, path());
            real.force(metaData);
            if (folder) {
                disk.unsynced().forcedFolder(path());
            } else {
                disk.unsynced().forced(content);
                for (Mapped part : mapped) {
                    disk.unsynced().writes(content, real, part.position(), part.size());
                }
            }
        }
    }

    @Override
    public long transferTo(long position, long count, WritableByteChannel target)
            throws IOException {
        ByteBuffer piece = ByteBuffer.allocate((int) Math.min(count, PIECE));
        int read = read(piece, position);
        if (read <= 0) {
            return 0;
        }
        return target.write(piece.flip());
    }

    @Override
    public long transferFrom(ReadableByteChannel source, long position, long count)
            throws IOException {
        ByteBuffer piece = ByteBuffer.allocate((int) Math.min(count, PIECE));
        int read = source.read(piece);
        piece.flip();
        while (piece.hasRemaining()) {
            write(piece, position + piece.position());
        }
        return Math.max(0, read);
    }

    private void maps(MapMode mode, long position, long size) throws IOException {
        if (mode.equals(MapMode.READ_WRITE) && size > 0) {
            synchronized (disk) {
                disk.meet(DiskOperation.WRITE, path());
                disk.unsynced().writes(content, real, position, size);
                mapped.add(new Mapped(position, size));
            }
        }
    }

    @Override
    public MappedByteBuffer map(MapMode mode, long position, long size) throws IOException {
        maps(mode, position, size);
        return real.map(mode, position, size);
    }

    @Override
    public MemorySegment map(MapMode mode, long offset, long size, Arena arena) throws IOException {
        maps(mode, offset, size);
        return real.map(mode, offset, size, arena);
    }

    @Override
    public FileLock lock(long position, long size, boolean shared) throws IOException {
        return real.lock(position, size, shared);
    }

    @Override
    public FileLock tryLock(long position, long size, boolean shared) throws IOException {
        return real.tryLock(position, size, shared);
    }

    @Override
    protected void implCloseChannel() throws IOException {
        real.close();
    }
}
