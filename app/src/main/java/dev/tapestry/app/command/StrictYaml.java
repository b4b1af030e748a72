package dev.tapestry.app.command;

import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.dataformat.yaml.YAMLMapper;

/**
 * Reads a record from a YAML file whose keys are its components: all of them and no others.
 * Durations and instants are ISO-8601 text, enums their names.
 */
public final class StrictYaml {

    private static final YAMLMapper YAML =
            YAMLMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final Pattern MISSING = Pattern.compile("\\$\\.([A-Za-z0-9.]+): is missing");
    private static final int MAX_BYTES = 1 << 20;

    private StrictYaml() {}

    /**
     * The record in {@code file}.
     *
     * @throws CommandException with the key that is unknown, missing or out of range, and the keys
     *     that there are
     */
    public static <T extends Record> T read(Path file, Class<T> type) {
        JsonNode yaml = tree(file);
        if (!yaml.isObject()) {
            throw new CommandException(
                    "%s is not a list of 'key: value' lines; the keys are %s"
                            .formatted(file, keys(type)));
        }
        try {
            return CanonicalJson.read(JSON.writeValueAsBytes(yaml), type);
        } catch (TrustException e) {
            throw new CommandException(
                    ExitCode.REFUSED, file + ": " + words(String.valueOf(e.getMessage()), type), e);
        }
    }

    private static JsonNode tree(Path file) {
        try {
            if (Files.size(file) > MAX_BYTES) {
                throw new CommandException(file + " is larger than 1 MiB");
            }
            return YAML.readTree(Files.readAllBytes(file));
        } catch (NoSuchFileException e) {
            throw new CommandException(ExitCode.REFUSED, "there is no file " + file, e);
        } catch (IOException e) {
            throw new CommandException(ExitCode.REFUSED, "cannot read " + file + ": " + e, e);
        } catch (JacksonException e) {
            throw new CommandException(
                    ExitCode.REFUSED, file + " is not YAML: " + e.getOriginalMessage(), e);
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
        return message.replaceFirst("^\\$\\.", "").replaceFirst("^\\$: ", "");
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
}
