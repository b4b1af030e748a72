package dev.tapestry.node.round;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.NodeHome;
import dev.tapestry.weights.Drafts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Keeps the models that the loop still needs and the latest others, so that disks do not fill. Of
 * half received models it keeps those that the loop still needs: nobody fetches the rest of others.
 */
final class ModelShelf {

    private final NodeHome home;
    private final int keep;

    ModelShelf(NodeHome home, int keep) {
        this.home = home;
        this.keep = keep;
    }

    /**
     * Deletes the oldest models beyond those kept, and what is half here; never what the view
     * names.
     */
    void tidy(RoundView view) {
        Set<String> needed = new HashSet<>();
        view.base().map(Digest::hex).ifPresent(needed::add);
        view.candidate().map(Digest::hex).ifPresent(needed::add);
        view.plan().ifPresent(plan -> needed.add(plan.base().hex()));
        try {
            for (Path half : named("\\.[0-9a-f]{64}\\.(partial|update)")) {
                if (!needed.contains(half.getFileName().toString().substring(1, 65))) {
                    Drafts.delete(half);
                }
            }
            List<Path> models = newestFirst();
            for (Path old : models.subList(Math.min(keep, models.size()), models.size())) {
                if (!needed.contains(old.getFileName().toString())) {
                    drop(old);
                }
            }
        } catch (IOException e) {
            throw new NodeException(Code.STORAGE, "cannot tidy " + home.models() + ": " + e, e);
        }
    }

    private List<Path> newestFirst() throws IOException {
        record Dated(Path path, FileTime time) {}
        List<Dated> dated = new ArrayList<>();
        for (Path model : named("[0-9a-f]{64}")) {
            dated.add(new Dated(model, Files.getLastModifiedTime(model)));
        }
        return dated.stream()
                .sorted(Comparator.comparing(Dated::time).reversed())
                .map(Dated::path)
                .toList();
    }

    private List<Path> named(String pattern) throws IOException {
        if (!Files.isDirectory(home.models())) {
            return List.of();
        }
        try (Stream<Path> models = Files.list(home.models())) {
            return models.filter(model -> model.getFileName().toString().matches(pattern)).toList();
        }
    }

    /** A model that is half deleted must not look whole. */
    private static void drop(Path model) throws IOException {
        Path doomed = model.resolveSibling("." + model.getFileName() + ".old");
        Files.move(model, doomed);
        Drafts.delete(doomed);
    }
}
