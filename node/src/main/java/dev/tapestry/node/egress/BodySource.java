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
import java.util.concurrent.Flow.Subscriber;
import java.util.concurrent.Flow.Subscription;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The body of one attempt to send a message. Counts what was handed to the connection, not what was
 * prepared for one that perhaps never came about.
 */
final class BodySource {

    private static final int CHUNK_BYTES = 64 << 10;

    private final Content content;
    private final AtomicLong sent = new AtomicLong();
    private volatile boolean complete;
    private volatile @Nullable IOException unreadable;

    BodySource(Content content) {
        this.content = content;
    }

    BodyPublisher publisher() {
        BodyPublisher source =
                switch (content) {
                    case Content.Nothing _ -> BodyPublishers.noBody();
                    case Content.Document(byte[] body) -> BodyPublishers.ofByteArray(body);
                    case Content.Slice slice ->
                            BodyPublishers.fromPublisher(
                                    BodyPublishers.ofByteArrays(() -> chunks(slice)),
                                    slice.bytes());
                };
        return new BodyPublisher() {
            @Override
            public long contentLength() {
                return source.contentLength();
            }

            @Override
            public void subscribe(Subscriber<? super ByteBuffer> connection) {
                source.subscribe(new Counter(connection));
            }
        };
    }

    /** Bytes handed to the connection so far. */
    long sent() {
        return sent.get();
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

    /** Stands between the body and the connection that asks for it. */
    private final class Counter implements Subscriber<ByteBuffer> {
        private final Subscriber<? super ByteBuffer> connection;
        private long taken;

        private Counter(Subscriber<? super ByteBuffer> connection) {
            this.connection = connection;
        }

        @Override
        public void onSubscribe(Subscription subscription) {
            connection.onSubscribe(subscription);
        }

        @Override
        public void onNext(ByteBuffer bytes) {
            int length = bytes.remaining();
            taken += length;
            sent.addAndGet(length);
            connection.onNext(bytes);
        }

        @Override
        public void onError(Throwable failure) {
            connection.onError(failure);
        }

        @Override
        public void onComplete() {
            complete = complete || taken == content.bytes();
            connection.onComplete();
        }
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
                return chunk;
            }
        };
    }

    /** Opens the file for each chunk: nobody tells a publisher that its body was given up. */
    private void read(Content.Slice slice, long position, byte[] chunk) {
        try (FileChannel channel = FileChannel.open(slice.file(), StandardOpenOption.READ)) {
            ByteBuffer buffer = ByteBuffer.wrap(chunk);
            while (buffer.hasRemaining()) {
                long at = slice.offset() + position + buffer.position();
                if (channel.read(buffer, at) < 0) {
                    throw new IOException(slice.file() + " ends at byte " + at);
                }
            }
        } catch (IOException e) {
            unreadable = e;
            throw new UncheckedIOException(e);
        }
    }
}
