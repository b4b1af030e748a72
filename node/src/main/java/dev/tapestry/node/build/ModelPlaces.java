package dev.tapestry.node.build;

import dev.tapestry.consortium.Digest;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.NodeHome;
import dev.tapestry.weights.Drafts;
import dev.tapestry.weights.gguf.GgufWriter;
import dev.tapestry.weights.gguf.Quantisation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** Where models lie that have a name, or gave one up while others were made of them. */
final class ModelPlaces {

    private final NodeHome home;
    private final ModelRegistry registry;
    private final Supplier<Withdrawn> withdrawn;

    ModelPlaces(NodeHome home, ModelRegistry registry, Supplier<Withdrawn> withdrawn) {
        this.home = home;
        this.registry = registry;
        this.withdrawn = withdrawn;
    }

    /** Whether this is the place of a model's name, whatever has it at the moment. */
    boolean isOfName(Path model) {
        return home.sovereign().equals(model.toAbsolutePath().normalize().getParent());
    }

    /** Where a model lies in this home: among the bases, the models, or those that gave way. */
    Optional<Path> find(Digest model) {
        for (Path known : List.of(home.model(model), replaced(model))) {
            if (Files.isDirectory(known) && SovereignBuild.digest(known).equals(model)) {
                return Optional.of(known);
            }
        }
        return registry.all().stream()
                .filter(lineage -> lineage.model().equals(model))
                .filter(registry::isHere)
                .findFirst()
                .map(lineage -> home.sovereign(lineage.name()));
    }

    /** Where a model is kept that gave way to a newer one while others were made of it. */
    private Path replaced(Digest model) {
        return home.builds().resolve("replaced").resolve(model.hex());
    }

    /** Models that have their names still, and were made of this one. */
    List<Lineage> children(Digest model) {
        return registry.all().stream()
                .filter(lineage -> lineage.parent().equals(model))
                .filter(registry::isHere)
                .toList();
    }

    /** Keeps a model that others were made of, so that they can be moved after it. */
    private void keepReplaced(String name) throws IOException {
        Path old = home.sovereign(name);
        if (!Files.isDirectory(old)) {
            return;
        }
        Digest digest = SovereignBuild.digest(old);
        Path kept = replaced(digest);
        if (children(digest).isEmpty() || withdrawn.get().isModel(digest) || Files.exists(kept)) {
            return;
        }
        Files.createDirectories(kept.getParent());
        Path draft = Drafts.beside(kept);
        copy(old, draft);
        Drafts.syncFiles(draft);
        Drafts.publish(draft, kept);
    }

    /** Drops models that gave way, if they are withdrawn or nothing is made of them any more. */
    void dropReplaced() throws IOException {
        Path folder = home.builds().resolve("replaced");
        if (!Files.isDirectory(folder)) {
            return;
        }
        Drafts.sweep(folder);
        try (Stream<Path> kept = Files.list(folder)) {
            for (Path each : kept.toList()) {
                Digest model = new Digest(each.getFileName().toString());
                if (children(model).isEmpty() || withdrawn.get().isModel(model)) {
                    Drafts.delete(each);
                }
            }
        }
    }

    /**
     * Gives a model its name, in the formats that the world uses, and writes down where it comes
     * from. The base's licence goes along.
     */
    Path publish(
            BuildPlan plan,
            Path base,
            Path model,
            Optional<Path> adapter,
            Lineage lineage,
            String card) {
        SovereignShelf shelf = new SovereignShelf(home);
        try {
            Files.createDirectories(home.sovereign());
            Path draft = shelf.draft(plan.name());
            copy(model, draft);
            if (adapter.isPresent()) {
                copy(adapter.orElseThrow(), draft.resolve("adapter"));
                Drafts.syncFiles(draft.resolve("adapter"));
            }
            GgufWriter.write(
                    draft, draft.resolve("weights.gguf"), plan.gguf().orElse(Quantisation.F16));
            Files.writeString(draft.resolve("README.md"), card);
            keepReplaced(plan.name());
            Optional<Path> licence = UpstreamLicence.file(base);
            if (licence.isPresent()) {
                Path file = licence.orElseThrow();
                Files.copy(file, draft.resolve(file.getFileName()));
            }
            registry.add(lineage);
            shelf.publish(plan.name());
            dropReplaced();
            return home.sovereign(plan.name());
        } catch (IOException e) {
            throw new NodeException(
                    Code.STORAGE, "cannot write " + home.sovereign(plan.name()) + ": " + e, e);
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
        }
    }
}
