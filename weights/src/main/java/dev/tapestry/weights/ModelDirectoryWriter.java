package dev.tapestry.weights;

import dev.tapestry.weights.WeightsException.Code;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Writes a {@link ModelDirectory}: shards, index and the files beside them.
 *
 * <p>Everything goes to a hidden directory beside the target, which becomes the target in one step
 * at {@link #commit}. The same tensors, limit and files give the same bytes.
 */
public final class ModelDirectoryWriter implements AutoCloseable {

    /** A shard's usual limit: 2 GiB. */
    public static final long DEFAULT_SHARD_BYTES = 2L << 30;

    private final Path target;
    private final Path draft;
    private final SequencedMap<String, SafetensorsWriter> shards = new LinkedHashMap<>();
    private final SequencedMap<String, String> places = new TreeMap<>();
    private final SequencedMap<String, TensorSpec> tensors = new TreeMap<>();

    private ModelDirectoryWriter(Path target, SequencedMap<String, List<TensorSpec>> layout)
            throws IOException {
        this.target = target;
        this.draft = Drafts.beside(target);
        refuseExisting();
        Files.createDirectory(draft);
        try {
            layout.forEach(this::addShard);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /**
     * Begins a model with the given tensors, in balanced shards.
     *
     * @param target a directory that does not exist yet, or is empty
     * @param maxShardBytes no shard is larger, unless a single tensor is
     */
    public static ModelDirectoryWriter create(
            Path target, Collection<TensorSpec> tensors, long maxShardBytes) {
        return begin(target, ShardPlan.balanced(tensors, maxShardBytes));
    }

    /**
     * Begins a model with the shards, tensors and shapes of {@code pattern}, and copies its
     * configuration, tokenizer and other JSON files.
     */
    public static ModelDirectoryWriter createLike(ModelDirectory pattern, Path target) {
        return createLike(pattern, pattern.layout(), target);
    }

    /** The same with all tensors in another dtype; the configuration stays as it is. */
    public static ModelDirectoryWriter createLike(
            ModelDirectory pattern, Path target, DType dtype) {
        SequencedMap<String, List<TensorSpec>> layout = pattern.layout();
        layout.replaceAll((_, specs) -> specs.stream().map(spec -> spec.as(dtype)).toList());
        return createLike(pattern, layout, target);
    }

    private static ModelDirectoryWriter createLike(
            ModelDirectory pattern, SequencedMap<String, List<TensorSpec>> layout, Path target) {
        ModelDirectoryWriter writer = begin(target, layout);
        try {
            writer.copyFilesOf(pattern);
            return writer;
        } catch (RuntimeException e) {
            writer.close();
            throw e;
        }
    }

    private static ModelDirectoryWriter begin(
            Path target, SequencedMap<String, List<TensorSpec>> layout) {
        try {
            return new ModelDirectoryWriter(target, layout);
        } catch (IOException e) {
            throw WeightsException.io("create", target, e);
        }
    }

    private void addShard(String name, List<TensorSpec> specs) {
        shards.put(
                name, SafetensorsWriter.create(draft.resolve(name), specs, Map.of("format", "pt")));
        for (TensorSpec spec : specs) {
            if (tensors.put(spec.name(), spec) != null) {
                throw new WeightsException(
                        Code.TENSOR, "tensor '" + spec.name() + "' is to be written twice");
            }
            places.put(spec.name(), name);
        }
    }

    /** All tensors to be written, sorted by name. */
    public SequencedMap<String, TensorSpec> tensors() {
        return java.util.Collections.unmodifiableSequencedMap(tensors);
    }

    /** Where the numbers of tensor {@code name} go; see {@link SafetensorsWriter#data}. */
    public MemorySegment data(String name) {
        String shard = places.get(name);
        SafetensorsWriter writer = shard == null ? null : shards.get(shard);
        if (writer == null) {
            throw new WeightsException(
                    Code.TENSOR, "tensor '" + name + "' was not announced for " + target);
        }
        return writer.data(name);
    }

    /** Adds a file beside the weights, such as {@code config.json}; replaces one of that name. */
    public void addFile(String name, byte[] content) {
        try {
            Path place = place(name);
            Files.deleteIfExists(place); // what was copied there may be read-only
            Files.write(place, content);
        } catch (IOException e) {
            throw WeightsException.io("write", draft.resolve(name), e);
        }
    }

    /** Copies a file beside the weights, under its own name; replaces one of that name. */
    public void copyFile(Path source) {
        try {
            Files.copy(
                    source,
                    place(source.getFileName().toString()),
                    StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw WeightsException.io("copy", source, e);
        }
    }

    /** Copies the configuration, tokenizer and other JSON files of {@code model}, not its index. */
    public void copyFilesOf(ModelDirectory model) {
        try (Stream<Path> files = Files.list(model.path())) {
            files.filter(Manifests::belongs)
                    .filter(file -> file.getFileName().toString().endsWith(".json"))
                    .filter(file -> !file.getFileName().toString().equals(ShardIndex.FILE_NAME))
                    .sorted()
                    .forEach(this::copyFile);
        } catch (IOException e) {
            throw WeightsException.io("list", model.path(), e);
        }
    }

    private Path place(String name) {
        if (!name.matches("[A-Za-z0-9_][A-Za-z0-9._-]{0,127}") || shards.containsKey(name)) {
            throw new WeightsException(
                    Code.TARGET, "'" + name + "' is not the plain name of a file beside weights");
        }
        return draft.resolve(name);
    }

    /** Makes everything durable and puts the directory in the target's place. */
    public void commit() {
        if (!Files.exists(draft.resolve(ModelDirectory.CONFIG))) {
            throw new WeightsException(
                    Code.MISSING_FILE,
                    "add "
                            + ModelDirectory.CONFIG
                            + " before the model in "
                            + target
                            + " is finished");
        }
        try {
            if (shards.size() > 1) {
                long total = tensors.values().stream().mapToLong(TensorSpec::bytes).sum();
                addIndex(total);
            }
            shards.values().forEach(SafetensorsWriter::commit);
            Drafts.syncFiles(draft);
            refuseExisting();
            Drafts.publish(draft, target);
        } catch (IOException e) {
            throw WeightsException.io("finish", target, e);
        }
    }

    private void addIndex(long totalBytes) throws IOException {
        Files.write(draft.resolve(ShardIndex.FILE_NAME), ShardIndex.toBytes(places, totalBytes));
    }

    private void refuseExisting() throws IOException {
        if (!Files.exists(target)) {
            return;
        }
        try (Stream<Path> files = Files.list(target)) {
            if (files.findAny().isPresent()) {
                throw new WeightsException(
                        Code.TARGET, target + " exists and is not empty: choose a new directory");
            }
        }
    }

    /** Drops what was written, unless it was committed. */
    @Override
    public void close() {
        shards.values().forEach(SafetensorsWriter::close);
        try {
            Drafts.delete(draft);
        } catch (IOException e) {
            throw WeightsException.io("drop", draft, e);
        }
    }
}
