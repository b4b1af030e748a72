package dev.tapestry.objects;

import dev.tapestry.objects.ObjectsException.Code;
import dev.tapestry.weights.Drafts;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Objects as files below a folder. */
public final class DiskObjects implements ObjectStore {

    private static final String DRAFT = ".draft-";
    private static final Duration ABANDONED = Duration.ofDays(1);

    private final Path root;

    /** A store below a folder, which exists: a disk that is not mounted must not look empty. */
    public DiskObjects(Path root) {
        this.root = root.toAbsolutePath().normalize();
    }

    @Override
    public void put(String name, Path file) {
        Path place = place(name);
        dropAbandoned(place);
        copy(file, place, "keep");
    }

    /** What somebody who was killed has left of the same object; nobody writes for so long. */
    private static void dropAbandoned(Path place) {
        Path folder = place.getParent();
        if (folder == null || !Files.isDirectory(folder)) {
            return;
        }
        Instant old = Instant.now().minus(ABANDONED);
        try (DirectoryStream<Path> drafts =
                Files.newDirectoryStream(
                        folder,
                        file ->
                                isDraft(file)
                                        && file.getFileName()
                                                .toString()
                                                .startsWith("." + place.getFileName()))) {
            for (Path draft : drafts) {
                if (Files.getLastModifiedTime(draft).toInstant().isBefore(old)) {
                    drop(draft);
                }
            }
        } catch (IOException | DirectoryIteratorException _) {
            // The next time, perhaps.
        }
    }

    @Override
    public boolean fetch(String name, Path target, long most) {
        Path place = place(name);
        try {
            if (!Files.isRegularFile(place)) {
                return false;
            }
            if (Files.size(place) > most) {
                throw new ObjectsException(
                        Code.TOO_LONG, "%s has more than %d bytes".formatted(place, most));
            }
        } catch (IOException e) {
            throw failed("fetch", place, e);
        }
        copy(place, target, "fetch");
        return true;
    }

    private static void copy(Path from, Path to, String doing) {
        Path draft = Drafts.beside(to);
        try {
            Files.createDirectories(to.toAbsolutePath().getParent());
            Files.copy(from, draft);
            try (FileChannel written = FileChannel.open(draft, StandardOpenOption.WRITE)) {
                written.force(true);
            }
            Drafts.publish(draft, to);
        } catch (IOException e) {
            throw failed(doing, to, e);
        } finally {
            drop(draft);
        }
    }

    private static void drop(Path draft) {
        try {
            Files.deleteIfExists(draft);
        } catch (IOException _) {
            // Nothing lists it.
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
        try {
            Files.walkFileTree(
                    folder,
                    new SimpleFileVisitor<Path>() {
                        @Override
                        public FileVisitResult visitFile(Path file, BasicFileAttributes is) {
                            String name = root.relativize(file).toString().replace('\\', '/');
                            if (is.isRegularFile() && name.startsWith(prefix) && !isDraft(file)) {
                                found.put(name, is.size());
                            }
                            return FileVisitResult.CONTINUE;
                        }

                        @Override
                        public FileVisitResult visitFileFailed(Path file, IOException e)
                                throws IOException {
                            return goOn(e);
                        }

                        @Override
                        public FileVisitResult postVisitDirectory(
                                Path within, @Nullable IOException e) throws IOException {
                            return e == null ? FileVisitResult.CONTINUE : goOn(e);
                        }
                    });
            return found;
        } catch (IOException e) {
            throw failed("list", folder, e);
        }
    }

    /** What somebody deleted meanwhile is not in the list. */
    private static FileVisitResult goOn(IOException e) throws IOException {
        if (e instanceof NoSuchFileException) {
            return FileVisitResult.CONTINUE;
        }
        throw e;
    }

    /** Hidden, as all that is being written; earlier versions gave it this name. */
    private static boolean isDraft(Path file) {
        String name = file.getFileName().toString();
        return name.startsWith(DRAFT) || (name.startsWith(".") && name.contains(DRAFT));
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

    private static ObjectsException failed(String doing, Path what, IOException e) {
        return new ObjectsException(Code.STORAGE, "cannot %s %s: %s".formatted(doing, what, e), e);
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
