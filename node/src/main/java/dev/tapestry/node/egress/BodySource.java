package dev.tapestry.node.egress;

import dev.tapestry.consortium.Digest;
import dev.tapestry.node.egress.Message.Content;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The body of one attempt to send a message. Counts what was handed to the connection, not what was
 * prepared for one that perhaps never came about. One thread writes it; others may look.
 */
final class BodySource {

    private static final int CHUNK_BYTES = 64 << 10;

    private final Content content;
    private final StallWatch.Watched watched;
    private volatile long sent;
    private volatile @Nullable IOException unreadable;

    /**
     * A body that has not been written yet.
     *
     * @param watched hears of every chunk that has left
     */
    BodySource(Content content, StallWatch.Watched watched) {
        this.content = content;
        this.watched = watched;
    }

    /** Its length in bytes; 0 where there is none. */
    long bytes() {
        return content.bytes();
    }

    /** Writes all of it to a connection. */
    void writeTo(OutputStream connection) throws IOException {
        // Also the first write may find nobody who takes it.
        watched.moved(0);
        switch (content) {
            case Content.Nothing _ -> {}
            case Content.Document(byte[] body) -> {
                for (int at = 0; at < body.length; at += CHUNK_BYTES) {
                    hand(connection, body, at, Math.min(CHUNK_BYTES, body.length - at));
                }
            }
            case Content.Slice slice -> writeSlice(connection, slice);
        }
        watched.rests();
    }

    private void writeSlice(OutputStream connection, Content.Slice slice) throws IOException {
        try (FileChannel file = open(slice)) {
            byte[] chunk = new byte[(int) Math.min(CHUNK_BYTES, slice.bytes())];
            for (long done = 0; done < slice.bytes(); ) {
                int count = (int) Math.min(chunk.length, slice.bytes() - done);
                read(file, slice, done, ByteBuffer.wrap(chunk, 0, count));
                hand(connection, chunk, 0, count);
                done += count;
            }
        }
    }

    // One thread writes a body; others may look.
    @SuppressWarnings("NonAtomicVolatileUpdate")
    private void hand(OutputStream connection, byte[] bytes, int offset, int count)
            throws IOException {
        // Counted first: of a write that breaks, nobody knows how much has left.
        sent += count;
        connection.write(bytes, offset, count);
        watched.moved(count);
    }

    private FileChannel open(Content.Slice slice) throws IOException {
        try {
            return FileChannel.open(slice.file(), StandardOpenOption.READ);
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    private void read(FileChannel file, Content.Slice slice, long from, ByteBuffer chunk)
            throws IOException {
        try {
            while (chunk.hasRemaining()) {
                long at = slice.offset() + from + chunk.position();
                if (file.read(chunk, at) < 0) {
                    throw new IOException(slice.file() + " ends at byte " + at);
                }
            }
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    private IOException unreadable(IOException failure) {
        unreadable = failure;
        return failure;
    }

    /** Bytes handed to the connection so far; no more than these have left. */
    long sent() {
        return sent;
    }

    /** Whether all of it was handed over. */
    boolean complete() {
        return sent == content.bytes();
    }

    /** What kept this body from being read, if something did: no fault of the network. */
    Optional<IOException> unreadable() {
        return Optional.ofNullable(unreadable);
    }

    Optional<Digest> digest() {
        return switch (content) {
            case Content.Nothing _ -> Optional.empty();
            case Content.Document(byte[] body) -> Optional.of(Digest.of(body));
            case Content.Slice slice -> Optional.of(slice.digest());
        };
    }
}
