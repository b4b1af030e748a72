package dev.tapestry.weights;

import dev.tapestry.weights.WeightsException.Code;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.SequencedMap;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;

/**
 * A model as Hugging Face keeps it: a directory with {@code config.json} and its tensors in one
 * safetensors file or in shards with an index.
 *
 * <p>All shards are mapped while it is open, none is loaded. Any number of threads may read. Links
 * are followed, because Hugging Face's own cache consists of them.
 */
public final class ModelDirectory implements AutoCloseable {

    /** Describes the architecture; every model has one. */
    public static final String CONFIG = "config.json";

    /** The one weights file of a model without shards. */
    public static final String SINGLE = "model.safetensors";

    private final Path path;
    private final SequencedMap<String, SafetensorsFile> shards;
    private final SequencedMap<String, TensorSpec> tensors = new TreeMap<>();
    private final Map<String, SafetensorsFile> places = new TreeMap<>();

    private ModelDirectory(Path path, SequencedMap<String, SafetensorsFile> shards) {
        this.path = path;
        this.shards = shards;
        shards.forEach(this::addShard);
    }

    /**
     * Opens the model in {@code path} and checks that its shards hold exactly what its index says.
     *
     * @throws WeightsException {@code MISSING_FILE}, {@code INDEX}, or what {@link
     *     SafetensorsFile#open} says of a shard
     */
    public static ModelDirectory open(Path path) {
        requireIn(path);
        boolean single = Files.exists(path.resolve(SINGLE));
        boolean sharded = Files.exists(path.resolve(ShardIndex.FILE_NAME));
        if (single && sharded) {
            throw new WeightsException(
                    Code.INDEX,
                    path
                            + " holds both "
                            + SINGLE
                            + " and "
                            + ShardIndex.FILE_NAME
                            + ": remove the one that is not the model");
        }
        if (!sharded) {
            return open(path, List.of(SINGLE));
        }
        ShardIndex index = ShardIndex.read(path.resolve(ShardIndex.FILE_NAME));
        ModelDirectory model =
                open(path, index.shards().values().stream().sorted().distinct().toList());
        try {
            model.checkAgainst(index);
            return model;
        } catch (WeightsException e) {
            model.close();
            throw e;
        }
    }

    private static ModelDirectory open(Path path, List<String> names) {
        SequencedMap<String, SafetensorsFile> shards = new LinkedHashMap<>();
        try {
            for (String name : names) {
                require(path.resolve(name));
                shards.put(name, SafetensorsFile.open(path.resolve(name)));
            }
            return new ModelDirectory(path, shards);
        } catch (WeightsException e) {
            shards.values().forEach(SafetensorsFile::close);
            throw e;
        }
    }

    /**
     * Checks that there is something like a model, before anything of it is read.
     *
     * @throws WeightsException {@code MISSING_FILE}
     */
    public static void requireIn(Path directory) {
        if (!Files.isDirectory(directory)) {
            throw new WeightsException(
                    Code.MISSING_FILE, "there is no model directory " + directory);
        }
        require(directory.resolve(CONFIG));
    }

    /**
     * The longest sequence, in tokens, that {@code config.json} in {@code directory} allows; empty
     * where it does not say.
     *
     * @throws WeightsException {@code UNSUPPORTED} if it is no JSON or longer than 1 MiB, {@code
     *     IO}
     */
    public static OptionalInt contextTokens(Path directory) {
        JsonNode length =
                ConfigFile.read(directory.resolve(CONFIG)).path("max_position_embeddings");
        return length.isInt() ? OptionalInt.of(length.intValue()) : OptionalInt.empty();
    }

    private static void require(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new WeightsException(
                    Code.MISSING_FILE, "a model directory needs the file " + file);
        }
    }

    private void addShard(String name, SafetensorsFile shard) {
        shard.tensors()
                .forEach((tensor, spec) -> {
                    if (spec.dtype() == DType.U8) {
                        throw new WeightsException(
                                Code.DTYPE,
                                "tensor '"
                                        + tensor
                                        + "' in "
                                        + shard.path()
                                        + " is U8: bytes, such as a coded update's, are not the"
                                        + " weights of a model");
                    }
                    if (tensors.put(tensor, spec) != null) {
                        throw new WeightsException(
                                Code.INDEX,
                                "tensor '"
                                        + tensor
                                        + "' is in more than one shard of "
                                        + path
                                        + ", lastly in "
                                        + name);
                    }
                    places.put(tensor, shard);
                });
    }

    private void checkAgainst(ShardIndex index) {
        index.shards()
                .forEach((tensor, shard) -> {
                    if (!shards.containsKey(shard) || places.get(tensor) != shards.get(shard)) {
                        throw new WeightsException(
                                Code.INDEX,
                                path
                                        + ": the index puts tensor '"
                                        + tensor
                                        + "' into "
                                        + shard
                                        + ", where it is not");
                    }
                });
        for (String tensor : tensors.keySet()) {
            if (!index.shards().containsKey(tensor)) {
                throw new WeightsException(
                        Code.INDEX,
                        path
                                + ": tensor '"
                                + tensor
                                + "' is in "
                                + shardOf(tensor)
                                + " but not in the index");
            }
        }
    }

    /** The directory. */
    public Path path() {
        return path;
    }

    /** {@code config.json}. */
    public Path config() {
        return path.resolve(CONFIG);
    }

    /** All tensors of all shards, sorted by name. */
    public SequencedMap<String, TensorSpec> tensors() {
        return Collections.unmodifiableSequencedMap(tensors);
    }

    /** The tensor called {@code name}; refused with {@code TENSOR} if there is none. */
    public TensorSpec tensor(String name) {
        TensorSpec spec = tensors.get(name);
        if (spec == null) {
            throw noSuch(name);
        }
        return spec;
    }

    /** The numbers of tensor {@code name}; see {@link SafetensorsFile#data}. */
    public MemorySegment data(String name) {
        return place(name).data(name);
    }

    /** The weights files, sorted by name. */
    public List<Path> shards() {
        return shards.values().stream().map(SafetensorsFile::path).toList();
    }

    /** The name of the file that holds tensor {@code name}. */
    public String shardOf(String name) {
        return place(name).path().getFileName().toString();
    }

    /** Shard file → its tensors in the order of their data: how the model is laid out on disk. */
    public SequencedMap<String, List<TensorSpec>> layout() {
        SequencedMap<String, List<TensorSpec>> layout = new LinkedHashMap<>();
        shards.forEach((name, shard) -> layout.put(name, List.copyOf(shard.tensors().values())));
        return layout;
    }

    /** The bytes of all tensors together. */
    public long bytes() {
        return tensors.values().stream().mapToLong(TensorSpec::bytes).sum();
    }

    private SafetensorsFile place(String name) {
        SafetensorsFile shard = places.get(name);
        if (shard == null) {
            throw noSuch(name);
        }
        return shard;
    }

    private WeightsException noSuch(String name) {
        return new WeightsException(
                Code.TENSOR, "the model in " + path + " has no tensor '" + name + "'");
    }

    /** Unmaps all shards. */
    @Override
    public void close() {
        shards.values().forEach(SafetensorsFile::close);
    }
}
