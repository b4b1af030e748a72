package dev.tapestry.coordinator;

import dev.tapestry.consortium.Digest;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Serves parts of models straight from the models' files, whole or a range (RFC 9110 §14). */
final class PartServing {

    private static final int BUFFER_BYTES = 256 << 10;
    private static final Pattern RANGE = Pattern.compile("bytes=(\\d{0,18})-(\\d{0,18})");

    private final ModelStore models;

    PartServing(ModelStore models) {
        this.models = models;
    }

    /**
     * The bytes that are asked for.
     *
     * @param first of the part, from 0
     * @param count how many
     */
    private record Slice(long first, long count) {}

    /** Answers GET. */
    void send(Exchange exchange) throws IOException {
        ModelStore.Place place = place(exchange);
        Optional<Slice> range = range(exchange, place);
        Slice slice = range.orElse(new Slice(0, place.bytes()));
        // Opened before the head is sent: a model that was just purged is an answer, not a break.
        try (FileChannel file = FileChannel.open(place.file(), StandardOpenOption.READ);
                OutputStream out =
                        exchange.stream(
                                range.isPresent() ? 206 : 200,
                                slice.count(),
                                headers(exchange, place, range))) {
            copy(file, place.offset() + slice.first(), slice.count(), out);
        } catch (NoSuchFileException e) {
            throw unknown(exchange.digest("digest"));
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
            Exchange exchange, ModelStore.Place place, Optional<Slice> range) {
        Map<String, String> headers = new TreeMap<>();
        headers.put("Accept-Ranges", "bytes");
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

    private static Optional<Slice> range(Exchange exchange, ModelStore.Place place) {
        Optional<String> header = exchange.header("Range");
        if (header.isEmpty()) {
            return Optional.empty();
        }
        Matcher range = RANGE.matcher(header.get());
        if (!range.matches() || (range.group(1).isEmpty() && range.group(2).isEmpty())) {
            throw unsatisfiable(header.get(), place);
        }
        long first;
        long last = place.bytes() - 1;
        if (range.group(1).isEmpty()) {
            first = Math.max(0, place.bytes() - Long.parseLong(range.group(2)));
        } else {
            first = Long.parseLong(range.group(1));
            if (!range.group(2).isEmpty()) {
                last = Math.min(last, Long.parseLong(range.group(2)));
            }
        }
        if (first > last) {
            throw unsatisfiable(header.get(), place);
        }
        return Optional.of(new Slice(first, last - first + 1));
    }

    private static ApiRefusal unsatisfiable(String range, ModelStore.Place place) {
        return new ApiRefusal(
                ApiCode.RANGE_NOT_SATISFIABLE,
                "'%s' is not one range within the part's %d bytes".formatted(range, place.bytes()));
    }

    private static void copy(FileChannel file, long from, long count, OutputStream out)
            throws IOException {
        byte[] buffer = new byte[(int) Math.min(BUFFER_BYTES, count)];
        long left = count;
        while (left > 0) {
            ByteBuffer chunk = ByteBuffer.wrap(buffer, 0, (int) Math.min(buffer.length, left));
            int read = file.read(chunk, from + count - left);
            if (read <= 0) {
                throw new IOException("the model's file is shorter than its manifest says");
            }
            out.write(buffer, 0, read);
            left -= read;
        }
    }
}
