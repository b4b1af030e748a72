package dev.tapestry.weights;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/**
 * What stands before the data of a safetensors file.
 *
 * @param metadata free strings of the writer
 * @param tensors name → spec and place, in the order of their data
 * @param headerBytes where the data begins: 8 + the length of the JSON
 */
record SafetensorsHeader(
        SequencedMap<String, String> metadata,
        SequencedMap<String, Entry> tensors,
        long headerBytes) {

    /** The format's own limit on the JSON. */
    static final long MAX_JSON_BYTES = 100_000_000;

    /** Our limit, so that a hostile header cannot fill the heap. */
    static final int MAX_TENSORS = 250_000;

    /** Our limit on all keys and values of the metadata together. */
    static final int MAX_METADATA_CHARS = 1 << 20;

    /** Data begins at a multiple of this, so that mapped numbers are aligned. */
    private static final int ALIGNMENT = 8;

    /**
     * A tensor and its place.
     *
     * @param begin first byte, counted from the beginning of the data
     * @param end one behind the last byte
     */
    record Entry(TensorSpec spec, long begin, long end) {}

    SafetensorsHeader {
        metadata = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(metadata));
        tensors = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(tensors));
    }

    /** The length of the numbers of all tensors. */
    long dataBytes() {
        return tensors.isEmpty() ? 0 : tensors.lastEntry().getValue().end();
    }

    /**
     * Gives each tensor its place, in the given order but the wider dtypes first, so that every
     * number is aligned to its own size.
     */
    static SafetensorsHeader layOut(List<TensorSpec> specs, Map<String, String> metadata) {
        List<TensorSpec> ordered = new ArrayList<>(specs);
        ordered.sort(Comparator.comparingInt((TensorSpec spec) -> -spec.dtype().bytes()));
        SequencedMap<String, Entry> tensors = new LinkedHashMap<>();
        long begin = 0;
        for (TensorSpec spec : ordered) {
            long end = Math.addExact(begin, spec.bytes());
            if (tensors.put(spec.name(), new Entry(spec, begin, end)) != null) {
                throw new WeightsException(
                        WeightsException.Code.TENSOR,
                        "tensor '" + spec.name() + "' is to be written twice");
            }
            begin = end;
        }
        SequencedMap<String, String> sorted = new TreeMap<>(metadata);
        int json = json(sorted, tensors).length;
        return new SafetensorsHeader(sorted, tensors, 8L + json);
    }

    /** The bytes before the data: length, JSON, padding; the same header gives the same bytes. */
    byte[] toBytes() {
        byte[] json = json(metadata, tensors);
        return ByteBuffer.allocate(8 + json.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(json.length)
                .put(json)
                .array();
    }

    private static byte[] json(
            SequencedMap<String, String> metadata, SequencedMap<String, Entry> tensors) {
        var bytes = new ByteArrayOutputStream();
        try (JsonGenerator json =
                new JsonFactory().createGenerator(ObjectWriteContext.empty(), bytes)) {
            json.writeStartObject();
            if (!metadata.isEmpty()) {
                json.writeObjectPropertyStart("__metadata__");
                metadata.forEach(json::writeStringProperty);
                json.writeEndObject();
            }
            tensors.values().forEach(entry -> write(json, entry));
            json.writeEndObject();
        }
        while ((8 + bytes.size()) % ALIGNMENT != 0) {
            bytes.write(' ');
        }
        if (bytes.size() > MAX_JSON_BYTES || tensors.size() > MAX_TENSORS) {
            throw new WeightsException(
                    WeightsException.Code.HEADER_LENGTH,
                    tensors.size()
                            + " tensors need a header of "
                            + bytes.size()
                            + " bytes; write them in more shards");
        }
        return bytes.toByteArray();
    }

    private static void write(JsonGenerator json, Entry entry) {
        json.writeObjectPropertyStart(entry.spec().name());
        json.writeStringProperty("dtype", entry.spec().dtype().name());
        json.writeArrayPropertyStart("shape");
        entry.spec().shape().forEach(dimension -> json.writeNumber(dimension.longValue()));
        json.writeEndArray();
        json.writeArrayPropertyStart("data_offsets");
        json.writeNumber(entry.begin());
        json.writeNumber(entry.end());
        json.writeEndArray();
        json.writeEndObject();
    }
}
