package dev.tapestry.weights;

import dev.tapestry.weights.WeightsException.Code;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A model's {@code config.json}, which somebody else may have written. */
final class ConfigFile {

    private static final long MAX_BYTES = 1 << 20;

    private ConfigFile() {}

    /** The JSON in {@code path}; refused with {@code UNSUPPORTED} if it is none, or too long. */
    static JsonNode read(Path path) {
        try {
            if (Files.size(path) > MAX_BYTES) {
                throw new WeightsException(
                        Code.UNSUPPORTED, path + " is longer than " + MAX_BYTES + " bytes");
            }
            return JsonMapper.shared().readTree(Files.readAllBytes(path));
        } catch (JacksonException e) {
            throw new WeightsException(
                    Code.UNSUPPORTED, path + " is not JSON: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw WeightsException.io("read", path, e);
        }
    }
}
