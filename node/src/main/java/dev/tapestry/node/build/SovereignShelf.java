package dev.tapestry.node.build;

import dev.tapestry.node.NodeHome;
import dev.tapestry.weights.Drafts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.stream.Stream;

/**
 * The member's own models on disk. A new one takes the place of an older one so that at every
 * moment one of the two is whole:
 *
 * <pre>
 * NAME                  the old model
 * .NAME.draft           the new one; whole, and on the disk
 * NAME → .NAME.old      a node killed here puts it back when it starts
 * .NAME.draft → NAME    a node killed here deletes .NAME.old when it starts
 * </pre>
 */
public final class SovereignShelf {

    private static final String DRAFT = ".draft";
    private static final String OLD = ".old";

    private final NodeHome home;

    /** The models below {@code sovereign/}. */
    public SovereignShelf(NodeHome home) {
        this.home = home;
    }

    /** Where a new model of this name is to be written; there is nothing yet. */
    Path draft(String name) throws IOException {
        Path draft = hidden(name, DRAFT);
        Drafts.delete(draft);
        return draft;
    }

    /** Puts the new model of this name, which is whole, in the place of the old one. */
    void publish(String name) throws IOException {
        Path draft = hidden(name, DRAFT);
        Path target = home.sovereign(name);
        Drafts.syncFiles(draft);
        settle(name);
        if (Files.exists(target)) {
            Files.move(target, hidden(name, OLD), StandardCopyOption.ATOMIC_MOVE);
        }
        try {
            Drafts.publish(draft, target);
        } finally {
            settle(name);
        }
    }

    /** Finishes or undoes what a killed node was about, and drops what it had not finished. */
    public void recover() throws IOException {
        for (String file : names()) {
            if (file.startsWith(".") && file.endsWith(OLD)) {
                settle(file.substring(1, file.length() - OLD.length()));
            } else if (file.startsWith(".") && file.endsWith(DRAFT)) {
                Drafts.delete(home.sovereign().resolve(file));
            }
        }
    }

    /** Of two models with one name the newer stays; an old one that is alone gets its name back. */
    private void settle(String name) throws IOException {
        Path old = hidden(name, OLD);
        if (Files.exists(home.sovereign(name))) {
            Drafts.delete(old);
        } else if (Files.exists(old)) {
            Drafts.publish(old, home.sovereign(name));
        }
    }

    private Path hidden(String name, String suffix) {
        return home.sovereign().resolve("." + name + suffix);
    }

    private List<String> names() throws IOException {
        if (!Files.isDirectory(home.sovereign())) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(home.sovereign())) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }
}
