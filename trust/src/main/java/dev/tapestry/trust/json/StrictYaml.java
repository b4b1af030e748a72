package dev.tapestry.trust.json;

import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.dataformat.yaml.YAMLMapper;
import tools.jackson.dataformat.yaml.YAMLParser;
import tools.jackson.dataformat.yaml.YAMLWriteFeature;

/**
 * Reads a record from a YAML file whose keys are its components: all of them and no others, each of
 * its own kind, so that neither {@code "84"} nor {@code 84.7} is the number 84. Durations and
 * instants are ISO-8601 text, enums their names; where one of several records may stand, the key
 * {@code type} says which, as in canonical JSON. Only a component that is an {@code Optional} may
 * be left out; a key without a value is refused even then. No key stands twice and no value is an
 * alias ({@code *name}), so that what a person reads at a key is what the program reads.
 * Thread-safe.
 */
public final class StrictYaml {

    /** No file of this kind is longer: 64 KiB. People write and read them. */
    public static final int MAX_BYTES = 64 << 10;

    private static final YAMLMapper YAML =
            YAMLMapper.builder()
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .disable(YAMLWriteFeature.WRITE_DOC_START_MARKER)
                    .build();
    private static final JsonMapper JSON = JsonMapper.builder().build();

    /** How the keys of a file are spelt. */
    public enum Spelling {
        /** As the components: {@code keepRounds}. */
        CAMEL_CASE,
        /** As the options of commands: {@code keep-rounds}. */
        HYPHENATED
    }

    private StrictYaml() {}

    /** As {@link #read(Path, Class, Spelling)}, with keys that are spelt as the components. */
    public static <T extends Record> T read(Path file, Class<T> type) {
        return read(file, type, Spelling.CAMEL_CASE);
    }

    /**
     * The record in {@code file}.
     *
     * @throws TrustException {@code DOCUMENT_MALFORMED}, with the key that is unknown, missing or
     *     out of range, and the keys that there are; {@code STORAGE} if the file cannot be read
     */
    public static <T extends Record> T read(Path file, Class<T> type, Spelling spelling) {
        return record(file, tree(file), type, spelling);
    }

    /**
     * The record in bytes that were read already.
     *
     * @param file their name, for refusals
     * @throws TrustException {@code DOCUMENT_MALFORMED}, as {@link #read(Path, Class, Spelling)}
     */
    public static <T extends Record> T parse(
            Path file, byte[] bytes, Class<T> type, Spelling spelling) {
        return record(file, tree(file, bytes), type, spelling);
    }

    private static <T extends Record> T record(
            Path file, JsonNode tree, Class<T> type, Spelling spelling) {
        YamlKeys keys = new YamlKeys(file, spelling);
        if (!(tree instanceof ObjectNode yaml)) {
            throw malformed(
                    file + " is not a list of 'key: value' lines; the keys are " + keys.of(type),
                    null);
        }
        ObjectNode document = keys.document(yaml, type);
        try {
            return CanonicalJson.read(JSON.writeValueAsBytes(document), type);
        } catch (TrustException e) {
            throw malformed(file + ": " + keys.words(String.valueOf(e.getMessage())), e);
        }
    }

    /**
     * A record as a file that {@link #read} reads as this record: keys in the order of the
     * alphabet, without those that are empty. For records without maps.
     */
    public static String text(Record document, Spelling spelling) {
        JsonNode tree = JSON.readTree(CanonicalJson.write(document));
        return YAML.writeValueAsString(YamlKeys.spelt(tree, spelling));
    }

    /** Text as a YAML value that is read as this text, whatever is in it. */
    public static String quoted(String text) {
        return JSON.writeValueAsString(text); // a JSON string is one of YAML
    }

    private static JsonNode tree(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            return tree(file, in.readNBytes(MAX_BYTES + 1));
        } catch (NoSuchFileException e) {
            throw new TrustException(Code.STORAGE, "there is no file " + file, e);
        } catch (IOException e) {
            throw new TrustException(
                    Code.STORAGE,
                    Files.isDirectory(file)
                            ? file + " is a directory; name a file"
                            : "cannot read " + file + ": " + e,
                    e);
        }
    }

    /**
     * What is in bytes of YAML that another program's rules are for: without aliases, keys that
     * stand twice, or more than {@link #MAX_BYTES}.
     *
     * @param file their name, for refusals
     * @throws TrustException {@code DOCUMENT_MALFORMED}
     */
    public static JsonNode tree(Path file, byte[] bytes) {
        if (bytes.length > MAX_BYTES) {
            throw malformed(
                    file + " has more than " + MAX_BYTES + " bytes: not a file of this kind", null);
        }
        try {
            refuseAliases(file, bytes);
            return YAML.readTree(bytes);
        } catch (JacksonException e) {
            throw malformed(
                    "%s is not YAML%s: %s".formatted(file, line(e), e.getOriginalMessage()), e);
        } catch (IllegalArgumentException e) {
            // What the YAML library says of some damaged characters.
            throw malformed(file + " is not YAML: " + e.getMessage(), e);
        }
    }

    /** What lies too deep is nowhere in particular. */
    private static String line(JacksonException e) {
        return e.getLocation() == null ? "" : " (line " + e.getLocation().getLineNr() + ")";
    }

    /** The tree would hold an alias' name in the place of what it stands for. */
    private static void refuseAliases(Path file, byte[] bytes) {
        try (JsonParser parser = YAML.createParser(bytes)) {
            while (parser.nextToken() != null) {
                if (parser instanceof YAMLParser yaml && yaml.isCurrentAlias()) {
                    throw malformed(
                            "%s (line %d): the alias *%s is refused; write the value itself"
                                    .formatted(
                                            file,
                                            yaml.currentTokenLocation().getLineNr(),
                                            yaml.getString()),
                            null);
                }
            }
        }
    }

    private static TrustException malformed(String message, @Nullable Throwable cause) {
        return new TrustException(Code.DOCUMENT_MALFORMED, message, cause);
    }
}
