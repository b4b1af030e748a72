package dev.tapestry.trust.json;

import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.dataformat.yaml.YAMLMapper;

/**
 * Reads a record from a YAML file whose keys are its components: all of them and no others, each of
 * its own kind, so that neither {@code "84"} nor {@code 84.7} is the number 84. Durations and
 * instants are ISO-8601 text, enums their names. Thread-safe.
 */
public final class StrictYaml {

    /** No file of this kind is longer: 1 MiB. */
    public static final int MAX_BYTES = 1 << 20;

    private static final YAMLMapper YAML =
            YAMLMapper.builder()
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .build();
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final Pattern MISSING = Pattern.compile("\\$\\.([A-Za-z0-9.]+): is missing");

    private StrictYaml() {}

    /**
     * The record in {@code file}.
     *
     * @throws TrustException {@code DOCUMENT_MALFORMED}, with the key that is unknown, missing or
     *     out of range, and the keys that there are; {@code STORAGE} if the file cannot be read
     */
    public static <T extends Record> T read(Path file, Class<T> type) {
        JsonNode yaml = tree(file);
        if (!yaml.isObject()) {
            throw malformed(
                    file + " is not a list of 'key: value' lines; the keys are " + keys(type),
                    null);
        }
        try {
            return CanonicalJson.read(JSON.writeValueAsBytes(yaml), type);
        } catch (TrustException e) {
            throw malformed(file + ": " + words(String.valueOf(e.getMessage()), type), e);
        }
    }

    private static JsonNode tree(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(MAX_BYTES + 1);
            if (bytes.length > MAX_BYTES) {
                throw malformed(file + " has more than " + MAX_BYTES + " bytes", null);
            }
            return YAML.readTree(bytes);
        } catch (NoSuchFileException e) {
            throw new TrustException(Code.STORAGE, "there is no file " + file, e);
        } catch (IOException e) {
            throw new TrustException(Code.STORAGE, "cannot read " + file + ": " + e, e);
        } catch (JacksonException e) {
            throw malformed(file + " is not YAML: " + e.getOriginalMessage(), e);
        }
    }

    /** A place in JSON becomes a key; a key that is missing brings along those there are. */
    private static String words(String message, Class<?> type) {
        Matcher missing = MISSING.matcher(message);
        if (missing.matches()) {
            String key = missing.group(1);
            return "the key '%s' is missing; the keys are %s"
                    .formatted(key, keys(owner(key, type)));
        }
        return message.replaceFirst("^\\$\\.", "")
                .replaceFirst("^\\$: ", "")
                .replaceFirst(
                        "unknown member \"([^\"]*)\"; known are", "unknown key '$1'; the keys are");
    }

    /** The record that should have had the last component of {@code key}. */
    private static Class<?> owner(String key, Class<?> type) {
        Class<?> owner = type;
        String[] path = key.split("\\.", -1);
        for (String step : Arrays.copyOf(path, path.length - 1)) {
            for (RecordComponent component : owner.getRecordComponents()) {
                if (component.getName().equals(step) && component.getType().isRecord()) {
                    owner = component.getType();
                    break;
                }
            }
        }
        return owner;
    }

    private static List<String> keys(Class<?> type) {
        return Arrays.stream(type.getRecordComponents()).map(RecordComponent::getName).toList();
    }

    private static TrustException malformed(String message, @Nullable Throwable cause) {
        return new TrustException(Code.DOCUMENT_MALFORMED, message, cause);
    }
}
