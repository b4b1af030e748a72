package dev.tapestry.weights;

import dev.tapestry.weights.WeightsException.Code;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@code model.safetensors.index.json}: which shard holds which tensor.
 *
 * @param shards tensor → file name, sorted by tensor
 */
record ShardIndex(SequencedMap<String, String> shards) {

    static final String FILE_NAME = "model.safetensors.index.json";

    /** A plain file name: nothing that could lead out of the directory. */
    private static final Pattern SHARD_NAME =
            Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]{0,127}\\.safetensors");

    private static final long MAX_BYTES = 16L << 20;

    private static final JsonMapper JSON =
            JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

    static ShardIndex read(Path path) {
        SequencedMap<String, String> shards = new TreeMap<>();
        try {
            if (Files.size(path) > MAX_BYTES) {
                throw refused(path, "it is longer than " + MAX_BYTES + " bytes");
            }
            if (!(JSON.readTree(Files.readAllBytes(path)) instanceof ObjectNode root)
                    || !(root.get("weight_map") instanceof ObjectNode map)) {
                throw refused(path, "there is no object 'weight_map' in it");
            }
            for (Map.Entry<String, JsonNode> entry : map.properties()) {
                shards.put(entry.getKey(), shardName(path, entry.getKey(), entry.getValue()));
            }
        } catch (JacksonException e) {
            throw new WeightsException(
                    Code.INDEX, path + " is not JSON: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw WeightsException.io("read", path, e);
        }
        return new ShardIndex(shards);
    }

    /** The file's bytes: tensors sorted, so that the same shards give the same bytes. */
    static byte[] toBytes(SequencedMap<String, String> shards, long totalBytes) {
        ObjectNode root = JSON.createObjectNode();
        root.putObject("metadata").put("total_size", totalBytes);
        ObjectNode map = root.putObject("weight_map");
        new TreeMap<>(shards).forEach(map::put);
        return JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(root);
    }

    private static String shardName(Path path, String tensor, JsonNode shard) {
        if (!shard.isString() || !SHARD_NAME.matcher(shard.stringValue()).matches()) {
            throw refused(
                    path,
                    "tensor '"
                            + tensor
                            + "' is said to be in "
                            + shard
                            + ", which is not the plain name of a .safetensors file in this"
                            + " directory");
        }
        return shard.stringValue();
    }

    private static WeightsException refused(Path path, String reason) {
        return new WeightsException(Code.INDEX, path + ": " + reason);
    }
}
