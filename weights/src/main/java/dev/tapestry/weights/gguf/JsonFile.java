package dev.tapestry.weights.gguf;

import dev.tapestry.weights.WeightsException;
import dev.tapestry.weights.WeightsException.Code;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Reads the JSON files beside the weights. */
final class JsonFile {

    private static final long MAX_BYTES = 256L << 20;

    private static final JsonMapper JSON =
            JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

    private JsonFile() {}

    /** The object in {@code path}; refused if there is none. */
    static JsonNode read(Path path) {
        try {
            if (!Files.isRegularFile(path)) {
                throw new WeightsException(
                        Code.MISSING_FILE, "the export needs " + path + ", which is not there");
            }
            if (Files.size(path) > MAX_BYTES) {
                throw new WeightsException(
                        Code.UNSUPPORTED, path + " is longer than " + MAX_BYTES + " bytes");
            }
            JsonNode json = JSON.readTree(Files.readAllBytes(path));
            if (!json.isObject()) {
                throw new WeightsException(Code.UNSUPPORTED, path + " holds no JSON object");
            }
            return json;
        } catch (JacksonException e) {
            throw new WeightsException(
                    Code.UNSUPPORTED, path + " is not JSON: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw WeightsException.io("read", path, e);
        }
    }
}
