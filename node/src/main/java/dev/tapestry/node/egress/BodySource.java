package dev.tapestry.node.egress;

import dev.tapestry.consortium.Digest;
import dev.tapestry.node.egress.Message.Content;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Optional;

/** The body of one attempt to send a message; counts what was taken from it. */
final class BodySource {

    private static final int CHUNK_BYTES = 64 << 10;

    private final Content content;
    private volatile long sent;

    BodySource(Content content) {
        this.content = content;
    }

    BodyPublisher publisher() {
        return switch (content) {
            case Content.Nothing _ -> BodyPublishers.noBody();
            case Content.Document(byte[] body) -> {
                // A document is small: it leaves whole or not at all.
                sent = body.length;
                yield BodyPublishers.ofByteArray(body);
            }
            case Content.Slice slice ->
                    BodyPublishers.fromPublisher(
                            BodyPublishers.ofByteArrays(() -> chunks(slice)), slice.bytes());
        };
    }

    /** Bytes handed to the connection so far. */
    long sent() {
        return sent;
    }

    /** Whether all of it was handed over. */
    boolean complete() {
        return sent == content.bytes();
    }

    Optional<Digest> digest() {
        return switch (content) {
            case Content.Nothing _ -> Optional.empty();
            case Content.Document(byte[] body) -> Optional.of(Digest.of(body));
            case Content.Slice slice -> Optional.of(slice.digest());
        };
    }

    private Iterator<byte[]> chunks(Content.Slice slice) {
        return new Iterator<>() {
            private long position;

            @Override
            public boolean hasNext() {
                return position < slice.bytes();
            }

            @Override
            public byte[] next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                byte[] chunk = new byte[(int) Math.min(CHUNK_BYTES, slice.bytes() - position)];
                read(slice, position, chunk);
                position += chunk.length;
                sent = position;
                return chunk;
            }
        };
    }

    /** Opens the file for each chunk: nobody tells a publisher that its body was given up. */
    private static void read(Content.Slice slice, long position, byte[] chunk) {
        try (FileChannel channel = FileChannel.open(slice.file(), StandardOpenOption.READ)) {
            ByteBuffer buffer = ByteBuffer.wrap(chunk);
            while (buffer.hasRemaining()) {
                long at = slice.offset() + position + buffer.position();
                if (channel.read(buffer, at) < 0) {
                    throw new IOException(slice.file() + " ends at byte " + at);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
