package dev.tapestry.coordinator.store;

import dev.tapestry.coordinator.CoordinatorException;
import dev.tapestry.coordinator.CoordinatorException.Code;
import dev.tapestry.weights.Drafts;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Collection;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Objects as files below a folder. */
public final class DiskObjects implements ObjectStore {

    private static final String DRAFT = ".draft-";

    private final Path root;

    /** A store below a folder, which exists: a disk that is not mounted must not look empty. */
    public DiskObjects(Path root) {
        this.root = root.toAbsolutePath().normalize();
    }

    @Override
    public void put(String name, Path file) {
        copy(file, place(name), "keep");
    }

    @Override
    public boolean fetch(String name, Path target) {
        Path place = place(name);
        if (!Files.isRegularFile(place)) {
            return false;
        }
        copy(place, target, "fetch");
        return true;
    }

    private static void copy(Path from, Path to, String doing) {
        Path draft = to.resolveSibling(DRAFT + to.getFileName());
        try {
            Files.createDirectories(to.toAbsolutePath().getParent());
            Files.copy(from, draft, StandardCopyOption.REPLACE_EXISTING);
            try (FileChannel written = FileChannel.open(draft, StandardOpenOption.WRITE)) {
                written.force(true);
            }
            Drafts.publish(draft, to);
        } catch (IOException e) {
            throw failed(doing, to, e);
        }
    }

    @Override
    public SortedMap<String, Long> list(String prefix) {
        SortedMap<String, Long> found = new TreeMap<>();
        // Only the folder that the prefix names can hold what begins with it.
        Path folder = place(prefix.substring(0, prefix.lastIndexOf('/') + 1));
        if (!Files.isDirectory(folder)) {
            return found;
        }
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                String name = root.relativize(file).toString().replace('\\', '/');
                if (name.startsWith(prefix) && !file.getFileName().toString().startsWith(DRAFT)) {
                    found.put(name, Files.size(file));
                }
            }
            return found;
        } catch (IOException e) {
            throw failed("list", folder, e);
        }
    }

    @Override
    public void delete(Collection<String> names) {
        for (String name : names) {
            Path place = place(name);
            try {
                Files.deleteIfExists(place);
                Path folder = place.getParent();
                while (folder != null && !folder.equals(root)) {
                    Files.delete(folder); // once it is empty
                    folder = folder.getParent();
                }
            } catch (DirectoryNotEmptyException | NoSuchFileException _) {
                // Others are still there, or somebody was faster.
            } catch (IOException e) {
                throw failed("delete", place, e);
            }
        }
    }

    private Path place(String name) {
        if (!Files.isDirectory(root)) {
            throw failed("use", root, new NoSuchFileException(root.toString()));
        }
        Path place = root.resolve(name).normalize();
        if (!place.startsWith(root)) {
            throw new IllegalArgumentException("'" + name + "' leads out of " + root);
        }
        return place;
    }

    private static CoordinatorException failed(String doing, Path what, IOException e) {
        return new CoordinatorException(
                Code.STORAGE, "cannot %s %s: %s".formatted(doing, what, e), e);
    }

    @Override
    public String toString() {
        return root.toString();
    }

    @Override
    public void close() {
        // Nothing is open.
    }
}
