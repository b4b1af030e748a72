package dev.tapestry.node.build;

import dev.tapestry.consortium.Digest;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.NodeHome;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The lineage of all models that were made in a home: {@code builds/lineage/DIGEST.json}. What was
 * written once stays, also when a newer model takes the name.
 */
public final class ModelRegistry {

    private static final String SUFFIX = ".json";

    private final Path folder;

    /** The registry of a home. */
    public ModelRegistry(NodeHome home) {
        this.folder = home.builds().resolve("lineage");
    }

    void add(Lineage lineage) {
        SafeFile.write(
                folder.resolve(lineage.model().hex() + SUFFIX), CanonicalJson.write(lineage));
    }

    /** Where a model comes from, if it was made here. */
    public Optional<Lineage> find(Digest model) {
        Path file = folder.resolve(model.hex() + SUFFIX);
        return Files.exists(file) ? Optional.of(read(file)) : Optional.empty();
    }

    /** All models, by digest. */
    public List<Lineage> all() {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.getFileName().toString().endsWith(SUFFIX))
                    .filter(file -> !file.getFileName().toString().startsWith("."))
                    .sorted()
                    .map(ModelRegistry::read)
                    .toList();
        } catch (IOException e) {
            throw new NodeException(Code.STORAGE, "cannot list " + folder + ": " + e, e);
        }
    }

    /**
     * Every model that descends from a data set or from a model, near or far.
     *
     * @param origin digest of a text, of a card, or of a model
     */
    public List<Lineage> descendants(Digest origin) {
        List<Lineage> all = all();
        Set<Digest> found = new HashSet<>(Set.of(origin));
        boolean more = true;
        while (more) {
            more = false;
            for (Lineage lineage : all) {
                if (Stream.concat(lineage.data(), lineage.parents()).anyMatch(found::contains)) {
                    more |= found.add(lineage.model());
                }
            }
        }
        return all.stream()
                .filter(lineage -> found.contains(lineage.model()))
                .filter(lineage -> !lineage.model().equals(origin))
                .toList();
    }

    private static Lineage read(Path file) {
        try {
            return CanonicalJson.read(SafeFile.readBytes(file), Lineage.class);
        } catch (TrustException e) {
            throw new NodeException(
                    Code.STORAGE,
                    "%s is damaged, move it aside or restore it: %s"
                            .formatted(file, e.getMessage()),
                    e);
        }
    }
}
