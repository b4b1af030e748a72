package dev.tapestry.node.evaluation;

import dev.tapestry.consortium.Digest;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The files of a suite, read once, so that what was digested is what is asked. A task names a file
 * by its path in the suite; what lies elsewhere cannot be named.
 */
final class SuiteFiles {

    /** What people collect to ask a model; more is a corpus. */
    private static final long MAX_BYTES = 256L << 20;

    private static final int MAX_FILES = 10_000;

    private static final JsonMapper JSON =
            JsonMapper.builder()
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .build();

    private final Path place;
    private final SortedMap<String, byte[]> contents;

    SuiteFiles(Path place, SortedMap<String, byte[]> contents) {
        this.place = place;
        this.contents = contents;
    }

    /**
     * Reads all files of a directory.
     *
     * @throws NodeException {@code CONFIG_INVALID}: there is no such directory, a link in it, or
     *     too much; {@code STORAGE}
     */
    static SuiteFiles of(Path directory) {
        if (!Files.isDirectory(directory)) {
            throw new NodeException(
                    Code.CONFIG_INVALID,
                    "there is no suite %s; a suite is a directory with suite.yaml, or one of %s"
                            .formatted(directory, BuiltInSuites.NAMES));
        }
        SortedMap<String, byte[]> contents = new TreeMap<>();
        long bytes = 0;
        try (Stream<Path> found = Files.walk(directory)) {
            for (Path file : found.sorted().toList()) {
                String name = directory.relativize(file).toString().replace('\\', '/');
                if (Files.isSymbolicLink(file) && !file.equals(directory)) {
                    throw invalid(
                            directory,
                            "'%s' is a link; a suite holds its files itself".formatted(name));
                }
                if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
                    continue;
                }
                bytes += Files.size(file);
                if (bytes > MAX_BYTES || contents.size() >= MAX_FILES) {
                    throw invalid(
                            directory,
                            "more than %d files or %d MiB; a suite is what people read"
                                    .formatted(MAX_FILES, MAX_BYTES >> 20));
                }
                contents.put(name, Files.readAllBytes(file));
            }
        } catch (IOException e) {
            throw new NodeException(
                    Code.STORAGE, "cannot read the suite " + directory + ": " + e, e);
        }
        return new SuiteFiles(directory, contents);
    }

    /** Of all names and contents. */
    Digest digest() {
        SortedMap<String, Digest> digests = new TreeMap<>();
        contents.forEach((name, content) -> digests.put(name, Digest.of(content)));
        return CanonicalJson.digest(digests);
    }

    /** Where a file is said to lie, for messages. */
    Path path(String name) {
        return place.resolve(name);
    }

    /**
     * The bytes of a file.
     *
     * @throws NodeException {@code CONFIG_INVALID}: the suite has no such file
     */
    byte[] bytes(String name) {
        byte[] content = contents.get(name);
        if (content == null) {
            throw invalid(
                    place,
                    "there is no file '%s' in it; tasks name files of the suite, which has %s"
                            .formatted(name, contents.keySet().stream().limit(20).toList()));
        }
        return content;
    }

    /** The text of a file, which must be UTF-8. */
    String text(String name) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes(name)))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new NodeException(Code.CONFIG_INVALID, path(name) + " is not UTF-8", e);
        }
    }

    /** The objects of a file: of a list in JSON, or one on each line. */
    List<ObjectNode> objects(String name) {
        String text = text(name);
        if (text.stripLeading().startsWith("[")) {
            return list(name, text);
        }
        List<ObjectNode> objects = new ArrayList<>();
        int number = 0;
        for (String line : text.split("\n", -1)) {
            number++;
            if (!line.isBlank()) {
                objects.add(object(name, number, line));
            }
        }
        return nonEmpty(name, objects);
    }

    private List<ObjectNode> list(String name, String text) {
        try {
            List<ObjectNode> objects = new ArrayList<>();
            for (JsonNode element : (ArrayNode) JSON.readTree(text)) {
                if (!(element instanceof ObjectNode object)) {
                    throw invalid(path(name), "element %d is no object".formatted(objects.size()));
                }
                objects.add(object);
            }
            return nonEmpty(name, objects);
        } catch (JacksonException e) {
            throw invalid(path(name), "is no JSON: " + e.getOriginalMessage(), e);
        }
    }

    private ObjectNode object(String name, int number, String line) {
        try {
            if (JSON.readTree(line) instanceof ObjectNode object) {
                return object;
            }
            throw invalid(path(name), "line %d is no object of JSON".formatted(number));
        } catch (JacksonException e) {
            throw invalid(
                    path(name),
                    "line %d is no JSON: %s".formatted(number, e.getOriginalMessage()),
                    e);
        }
    }

    /**
     * The records of a file, one on each line.
     *
     * @throws NodeException {@code CONFIG_INVALID}, with the line and what is wrong with it
     */
    <T extends Record> List<T> records(String name, Class<T> type) {
        List<T> records = new ArrayList<>();
        int number = 0;
        for (String line : text(name).split("\n", -1)) {
            number++;
            if (line.isBlank()) {
                continue;
            }
            try {
                records.add(CanonicalJson.read(line.getBytes(StandardCharsets.UTF_8), type));
            } catch (TrustException e) {
                throw invalid(path(name), "line %d: %s".formatted(number, e.getMessage()), e);
            }
        }
        return nonEmpty(name, records);
    }

    private <T> List<T> nonEmpty(String name, List<T> found) {
        if (found.isEmpty()) {
            throw invalid(path(name), "it is empty; a task needs something to ask");
        }
        return List.copyOf(found);
    }

    static NodeException invalid(Path place, String why) {
        return invalid(place, why, null);
    }

    static NodeException invalid(Path place, String why, @Nullable Throwable cause) {
        return new NodeException(Code.CONFIG_INVALID, place + ": " + why, cause);
    }
}
