package dev.tapestry.weights;

import dev.tapestry.weights.WeightsException.Code;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.util.ByteBufferBackedInputStream;

/**
 * Reads the header of a safetensors file that somebody else wrote, and believes nothing in it.
 *
 * <p>The JSON is read as a stream, so that what is kept grows with the tensors it names and not
 * with its length.
 */
final class SafetensorsHeaderReader {

    private static final JsonFactory JSON =
            JsonFactory.builder()
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .streamReadConstraints(
                            StreamReadConstraints.builder()
                                    .maxNameLength(4 * TensorSpec.MAX_NAME_CHARS)
                                    .maxStringLength(SafetensorsHeader.MAX_METADATA_CHARS)
                                    .build())
                    .build();

    /** A name that somebody else chose is cut to this length in messages. */
    private static final int MAX_REASON_CHARS = 400;

    private final Path path;
    private final MemorySegment file;
    private final SequencedMap<String, String> metadata = new LinkedHashMap<>();
    private final List<SafetensorsHeader.Entry> entries = new ArrayList<>();

    private SafetensorsHeaderReader(Path path, MemorySegment file) {
        this.path = path;
        this.file = file;
    }

    /** The checked header of {@code file}; {@code path} is for messages only. */
    static SafetensorsHeader read(Path path, MemorySegment file) {
        return new SafetensorsHeaderReader(path, file).read();
    }

    private SafetensorsHeader read() {
        long json = jsonBytes();
        ByteBuffer bytes = file.asSlice(8, json).asByteBuffer();
        checkUtf8(bytes.duplicate());
        if (bytes.get(0) != '{') {
            throw refused(Code.HEADER_JSON, 8, "the header must begin with '{'");
        }
        try (JsonParser parser =
                JSON.createParser(
                        ObjectReadContext.empty(), new ByteBufferBackedInputStream(bytes))) {
            parser.nextToken();
            while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                if (parser.currentName().equals("__metadata__")) {
                    readMetadata(parser);
                } else {
                    readTensor(parser);
                }
            }
            if (parser.nextToken() != null) {
                throw refused(Code.HEADER_JSON, offset(parser), "something follows the header");
            }
        } catch (JacksonException e) {
            throw new WeightsException(
                    Code.HEADER_JSON,
                    at(
                                    8
                                            + Math.max(
                                                    0,
                                                    e.getLocation() == null
                                                            ? 0
                                                            : e.getLocation().getByteOffset()))
                            + e.getOriginalMessage(),
                    e);
        }
        return new SafetensorsHeader(metadata, inOrderOfData(file.byteSize() - 8 - json), 8 + json);
    }

    private long jsonBytes() {
        if (file.byteSize() < 8) {
            throw refused(
                    Code.HEADER_LENGTH,
                    0,
                    "a safetensors file begins with 8 bytes of length; this one has only "
                            + file.byteSize());
        }
        long json = file.get(FloatConversion.LONG_LE, 0);
        if (json < 2 || json > SafetensorsHeader.MAX_JSON_BYTES) {
            throw refused(
                    Code.HEADER_LENGTH,
                    0,
                    "the header's length is "
                            + Long.toUnsignedString(json)
                            + ", not 2 to "
                            + SafetensorsHeader.MAX_JSON_BYTES);
        }
        if (json > file.byteSize() - 8) {
            throw refused(
                    Code.HEADER_LENGTH,
                    0,
                    "the header's length is "
                            + json
                            + " but only "
                            + (file.byteSize() - 8)
                            + " bytes follow");
        }
        return json;
    }

    private void checkUtf8(ByteBuffer bytes) {
        CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
        CharBuffer chars = CharBuffer.allocate(8192);
        CoderResult result;
        do {
            chars.clear();
            result = decoder.decode(bytes, chars, true);
        } while (result.isOverflow());
        if (result.isError()) {
            throw refused(Code.HEADER_JSON, 8L + bytes.position(), "the header is not UTF-8");
        }
    }

    private void readMetadata(JsonParser parser) {
        expect(parser, JsonToken.START_OBJECT, "__metadata__ is an object of strings");
        int chars = 0;
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            String key = parser.currentName();
            expect(parser, JsonToken.VALUE_STRING, "every value in __metadata__ is a string");
            chars += key.length() + parser.getString().length();
            if (chars > SafetensorsHeader.MAX_METADATA_CHARS) {
                throw refused(
                        Code.HEADER_FIELD,
                        offset(parser),
                        "__metadata__ has more than "
                                + SafetensorsHeader.MAX_METADATA_CHARS
                                + " characters");
            }
            metadata.put(key, parser.getString());
        }
    }

    private void readTensor(JsonParser parser) {
        String name = parser.currentName();
        long place = offset(parser);
        if (entries.size() == SafetensorsHeader.MAX_TENSORS) {
            throw refused(
                    Code.HEADER_FIELD,
                    place,
                    "more than " + SafetensorsHeader.MAX_TENSORS + " tensors in one file");
        }
        expect(parser, JsonToken.START_OBJECT, "a tensor is described by an object");
        @Nullable DType dtype = null;
        @Nullable List<Long> shape = null;
        @Nullable List<Long> offsets = null;
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            switch (parser.currentName()) {
                case "dtype" -> {
                    expect(parser, JsonToken.VALUE_STRING, "a dtype is a string");
                    String dtypeName = parser.getString();
                    dtype = located(offset(parser), () -> DType.named(dtypeName));
                }
                case "shape" -> shape = integers(parser, TensorSpec.MAX_DIMENSIONS);
                case "data_offsets" -> offsets = integers(parser, 2);
                default ->
                        throw refused(
                                Code.HEADER_FIELD,
                                offset(parser),
                                "a tensor has dtype, shape and data_offsets; not '"
                                        + parser.currentName()
                                        + "'");
            }
        }
        if (dtype == null || shape == null || offsets == null || offsets.size() != 2) {
            throw refused(
                    Code.HEADER_FIELD,
                    place,
                    "tensor '" + name + "' needs dtype, shape and two data_offsets");
        }
        DType ofDtype = dtype;
        List<Long> ofShape = shape;
        TensorSpec spec = located(place, () -> new TensorSpec(name, ofDtype, ofShape));
        addEntry(spec, offsets.get(0), offsets.get(1), place);
    }

    /** Adds the place in the file to what {@code part} finds wrong. */
    private <T> T located(long place, Supplier<T> part) {
        try {
            return part.get();
        } catch (WeightsException e) {
            throw refused(e.code(), place, String.valueOf(e.getMessage()));
        }
    }

    private void addEntry(TensorSpec spec, long begin, long end, long place) {
        if (begin < 0 || begin > end) {
            throw refused(
                    Code.OFFSETS,
                    place,
                    "tensor '" + spec.name() + "' runs from " + begin + " to " + end);
        }
        if (end - begin != spec.bytes()) {
            throw refused(
                    Code.SHAPE,
                    place,
                    "tensor '"
                            + spec.name()
                            + "' of "
                            + spec.dtype()
                            + " "
                            + spec.shape()
                            + " has "
                            + spec.bytes()
                            + " bytes, but its offsets span "
                            + (end - begin));
        }
        entries.add(new SafetensorsHeader.Entry(spec, begin, end));
    }

    /** The tensors in the order of their data, which they must fill without gap or overlap. */
    private SequencedMap<String, SafetensorsHeader.Entry> inOrderOfData(long dataBytes) {
        entries.sort(
                Comparator.comparingLong(SafetensorsHeader.Entry::begin)
                        .thenComparingLong(SafetensorsHeader.Entry::end));
        long dataAt = file.byteSize() - dataBytes;
        long expected = 0;
        SequencedMap<String, SafetensorsHeader.Entry> ordered = new LinkedHashMap<>();
        for (SafetensorsHeader.Entry entry : entries) {
            if (entry.begin() != expected) {
                throw refused(
                        Code.OFFSETS,
                        dataAt + Math.min(entry.begin(), dataBytes),
                        "tensor '"
                                + entry.spec().name()
                                + "' begins at "
                                + entry.begin()
                                + " of the data where "
                                + expected
                                + " was due: "
                                + (entry.begin() < expected ? "an overlap" : "a gap"));
            }
            expected = entry.end();
            ordered.put(entry.spec().name(), entry);
        }
        if (expected != dataBytes) {
            throw refused(
                    Code.OFFSETS,
                    dataAt + Math.min(expected, dataBytes),
                    "the tensors end at "
                            + expected
                            + " of the data, which has "
                            + dataBytes
                            + " bytes: the file is cut off or has something behind it");
        }
        return ordered;
    }

    private List<Long> integers(JsonParser parser, int most) {
        expect(parser, JsonToken.START_ARRAY, "shape and data_offsets are arrays of integers");
        List<Long> values = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT || values.size() == most) {
                throw refused(
                        Code.HEADER_FIELD,
                        offset(parser),
                        "at most " + most + " integers belong here, not " + parser.getString());
            }
            values.add(parser.getLongValue());
        }
        return values;
    }

    private void expect(JsonParser parser, JsonToken token, String rule) {
        if (parser.nextToken() != token) {
            throw refused(Code.HEADER_FIELD, offset(parser), rule);
        }
    }

    private static long offset(JsonParser parser) {
        return 8 + parser.currentTokenLocation().getByteOffset();
    }

    private WeightsException refused(Code code, long offset, String reason) {
        return new WeightsException(code, at(offset) + printable(reason));
    }

    /** Names come from the file: kept short and free of what could steer a terminal. */
    private static String printable(String reason) {
        return reason.substring(0, Math.min(reason.length(), MAX_REASON_CHARS))
                .replaceAll("\\p{Cntrl}", "?");
    }

    private String at(long offset) {
        return path + ", byte " + offset + ": ";
    }
}
