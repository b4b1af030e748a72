package dev.tapestry.coordinator;

import dev.tapestry.consortium.Digest;
import dev.tapestry.coordinator.CoordinatorException.Code;
import dev.tapestry.weights.transfer.PartCoding;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Serves parts of models straight from the models' files, whole or a range (RFC 9110 §14). A whole
 * part is compressed for who asks for it, if a sample says that it saves enough.
 */
final class PartServing {

    /** What compressing takes besides the buffer: the outcome, and a context for a moment. */
    private static final long CODING_BYTES = 2L * PartCoding.CHUNK_BYTES;

    private final ModelStore models;
    private final PartBuffers buffers;

    PartServing(ModelStore models, PartBuffers buffers) {
        this.models = models;
        this.buffers = buffers;
    }

    /**
     * Answers GET.
     *
     * @throws CoordinatorException {@code STORAGE} if the disk does not give the file, {@code
     *     MODEL} if it is damaged
     * @throws IOException when the connection breaks
     */
    void send(Exchange exchange) throws IOException, InterruptedException {
        ModelStore.Place place = place(exchange);
        Optional<ByteRange> range =
                exchange.header("Range").map(asked -> ByteRange.of(asked, place.bytes()));
        ByteRange slice = range.orElse(new ByteRange(0, place.bytes()));
        boolean wanted =
                range.isEmpty() && PartCoding.available() && exchange.accepts(PartCoding.NAME);
        // Opened and read before the head is sent: a model that was just purged, and a disk that
        // does not read, are answers, not breaks.
        try (PartBuffers.Lent lent = buffers.take(exchange.owner(), wanted ? CODING_BYTES : 0);
                FileChannel file = open(exchange, place)) {
            boolean compressed = wanted && savesEnough(place, file, lent.bytes());
            PartReader part =
                    new PartReader(place.file(), file, place.offset(), slice, lent.bytes());
            part.next();
            if (compressed) {
                sendCompressed(exchange, part);
                return;
            }
            try (OutputStream out =
                    exchange.stream(
                            range.isPresent() ? 206 : 200,
                            slice.count(),
                            headers(exchange, place, range))) {
                for (; part.ready > 0; part.next()) {
                    out.write(part.buffer, 0, part.ready);
                }
            }
        }
    }

    /** From the middle: at the beginning of a file is its header, which is like no other part. */
    private static boolean savesEnough(ModelStore.Place place, FileChannel file, byte[] buffer) {
        long count = Math.min(buffer.length, place.bytes());
        ByteRange middle = new ByteRange((place.bytes() - count) / 2, count);
        PartReader sample = new PartReader(place.file(), file, place.offset(), middle, buffer);
        sample.next();
        return sample.ready > 0 && PartCoding.trial(buffer, sample.ready).savesEnough();
    }

    private static void sendCompressed(Exchange exchange, PartReader part) throws IOException {
        Map<String, String> headers = new TreeMap<>();
        headers.put("Content-Encoding", PartCoding.NAME);
        headers.put("Vary", "Accept-Encoding");
        // These are not the bytes of which ranges are served (RFC 9110 §8.8.3.3).
        headers.put("ETag", "\"%s-%s\"".formatted(exchange.digest("digest"), PartCoding.NAME));
        byte[] frame = new byte[PartCoding.LONGEST_CHUNK];
        try (OutputStream out = exchange.stream(200, headers)) {
            for (; part.ready > 0; part.next()) {
                out.write(frame, 0, PartCoding.encode(part.buffer, part.ready, frame));
            }
        }
    }

    private static FileChannel open(Exchange exchange, ModelStore.Place place) {
        try {
            return FileChannel.open(place.file(), StandardOpenOption.READ);
        } catch (NoSuchFileException e) {
            throw unknown(exchange.digest("digest"));
        } catch (IOException e) {
            throw CoordinatorException.storage("read", place.file(), e);
        }
    }

    /** Answers HEAD. */
    void describe(Exchange exchange) {
        ModelStore.Place place = place(exchange);
        exchange.replyHead(200, place.bytes(), headers(exchange, place, Optional.empty()));
    }

    private ModelStore.Place place(Exchange exchange) {
        Digest part = exchange.digest("digest");
        return models.part(part).orElseThrow(() -> unknown(part));
    }

    private static ApiRefusal unknown(Digest part) {
        return new ApiRefusal(
                ApiCode.UNKNOWN_PART, "no base or candidate that is kept has a part " + part);
    }

    private static Map<String, String> headers(
            Exchange exchange, ModelStore.Place place, Optional<ByteRange> range) {
        Map<String, String> headers = new TreeMap<>();
        headers.put("Accept-Ranges", "bytes");
        headers.put("Vary", "Accept-Encoding");
        headers.put("ETag", "\"" + exchange.digest("digest") + "\"");
        range.ifPresent(slice ->
                headers.put(
                        "Content-Range",
                        "bytes %d-%d/%d"
                                .formatted(
                                        slice.first(),
                                        slice.first() + slice.count() - 1,
                                        place.bytes())));
        return headers;
    }

    /** Reads a slice buffer by buffer; whatever is wrong is the file's, never the connection's. */
    private static final class PartReader {
        private final Path path;
        private final FileChannel file;
        private final long end;
        private final byte[] buffer;
        private long at;
        private int ready;

        PartReader(Path path, FileChannel file, long offset, ByteRange slice, byte[] buffer) {
            this.path = path;
            this.file = file;
            at = offset + slice.first();
            end = at + slice.count();
            this.buffer = buffer;
        }

        /** Fills the buffer; nothing is ready after the slice's end. */
        void next() {
            int wanted = (int) Math.min(buffer.length, end - at);
            ready = wanted == 0 ? 0 : read(ByteBuffer.wrap(buffer, 0, wanted));
            at += ready;
        }

        private int read(ByteBuffer chunk) {
            try {
                int read = file.read(chunk, at);
                if (read <= 0) {
                    throw new CoordinatorException(
                            Code.MODEL,
                            path + " is shorter than its manifest says; restore it from a backup");
                }
                return read;
            } catch (IOException e) {
                throw CoordinatorException.storage("read", path, e);
            }
        }
    }
}
