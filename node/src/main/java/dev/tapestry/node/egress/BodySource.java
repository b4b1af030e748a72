package dev.tapestry.node.egress;

import dev.tapestry.consortium.Digest;
import dev.tapestry.node.egress.Message.Content;
import dev.tapestry.weights.transfer.PartCoding;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * The body of one attempt to send a message. Counts what was handed to the connection, not what was
 * prepared for one that perhaps never came about. One thread writes it; others may look.
 */
final class BodySource {

    private static final int CHUNK_BYTES = 64 << 10;

    private final Content content;
    private final boolean compressed;
    private final StallWatch.Watched watched;
    private final LineRate rate;
    private volatile long sent;
    private volatile boolean complete;
    private volatile @Nullable IOException unreadable;

    /**
     * A body that has not been written yet.
     *
     * @param watched hears of every chunk that has left, as {@code rate} does
     */
    BodySource(Message message, StallWatch.Watched watched, LineRate rate) {
        this.content = message.content();
        this.compressed = message.compressed() && content instanceof Content.Slice;
        this.watched = watched;
        this.rate = rate;
    }

    boolean isEmpty() {
        return content.bytes() == 0;
    }

    boolean isCompressed() {
        return compressed;
    }

    /** Its length in bytes, where it is known beforehand. */
    OptionalLong bytes() {
        return compressed ? OptionalLong.empty() : OptionalLong.of(content.bytes());
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
            case Content.Slice slice -> {
                if (compressed) {
                    writeCompressed(connection, slice);
                } else {
                    writeSlice(connection, slice);
                }
            }
        }
        complete = true;
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

    private void writeCompressed(OutputStream connection, Content.Slice slice) throws IOException {
        try (FileChannel file = open(slice)) {
            byte[] chunk = new byte[(int) Math.min(PartCoding.CHUNK_BYTES, slice.bytes())];
            byte[] frame = new byte[PartCoding.LONGEST_CHUNK];
            for (long done = 0; done < slice.bytes(); ) {
                int count = (int) Math.min(chunk.length, slice.bytes() - done);
                read(file, slice, done, ByteBuffer.wrap(chunk, 0, count));
                hand(connection, frame, 0, PartCoding.encode(chunk, count, frame));
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
        rate.moved(count);
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
        return complete;
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
