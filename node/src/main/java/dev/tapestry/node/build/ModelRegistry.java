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
 * The lineage of all models that were made in a home: {@code builds/lineage/DIGEST.NAME.json}, for
 * a model and a name the last one. It stays when a newer model takes the name. What was withdrawn:
 * {@code builds/withdrawn/DIGEST.json}.
 */
public final class ModelRegistry {

    private static final String SUFFIX = ".json";

    private final NodeHome home;
    private final Path folder;
    private final Path withdrawn;

    /** The registry of a home. */
    public ModelRegistry(NodeHome home) {
        this.home = home;
        this.folder = home.builds().resolve("lineage");
        this.withdrawn = home.builds().resolve("withdrawn");
    }

    /** What was withdrawn, by digest. */
    public List<WithdrawnData> withdrawn() {
        return read(withdrawn, WithdrawnData.class);
    }

    /** Says that data must not be built of any more; what was said first stays. */
    void withdraw(WithdrawnData data) {
        Path file = withdrawn.resolve(data.data().hex() + SUFFIX);
        if (!Files.exists(file)) {
            SafeFile.write(file, CanonicalJson.write(data));
        }
    }

    void add(Lineage lineage) {
        SafeFile.write(
                folder.resolve(lineage.model().hex() + "." + lineage.name() + SUFFIX),
                CanonicalJson.write(lineage));
    }

    /** Where a model comes from, if it was made here. */
    public Optional<Lineage> find(Digest model) {
        return all().stream().filter(lineage -> lineage.model().equals(model)).findFirst();
    }

    /** The lineage of the model that has a name now. */
    public Optional<Lineage> named(String name) {
        Path there = home.sovereign(name);
        if (!Files.isDirectory(there)) {
            return Optional.empty();
        }
        Digest model = SovereignBuild.digest(there);
        return all().stream()
                .filter(lineage -> lineage.model().equals(model) && lineage.name().equals(name))
                .findFirst();
    }

    /** Whether a model still has its name. */
    boolean isHere(Lineage lineage) {
        Path there = home.sovereign(lineage.name());
        return Files.isDirectory(there) && SovereignBuild.digest(there).equals(lineage.model());
    }

    /** All models, by digest. */
    public List<Lineage> all() {
        return read(folder, Lineage.class);
    }

    private static <T> List<T> read(Path folder, Class<T> type) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.getFileName().toString().endsWith(SUFFIX))
                    .filter(file -> !file.getFileName().toString().startsWith("."))
                    .sorted()
                    .map(file -> readFile(file, type))
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

    private static <T> T readFile(Path file, Class<T> type) {
        try {
            return CanonicalJson.read(SafeFile.readBytes(file), type);
        } catch (TrustException e) {
            throw new NodeException(
                    Code.STORAGE,
                    "%s is damaged, move it aside or restore it: %s"
                            .formatted(file, e.getMessage()),
                    e);
        }
    }
}
