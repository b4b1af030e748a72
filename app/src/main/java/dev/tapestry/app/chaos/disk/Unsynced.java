package dev.tapestry.app.chaos.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.CopyOption;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.spi.FileSystemProvider;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How to take back what a disk need not have kept. Guarded by the {@link Disk} that owns it.
 *
 * <p>Names are taken back from the newest change to the oldest; a folder that was renamed takes
 * along what is remembered of the files in it, and one whose removal was flushed takes it away. A
 * change of a name that nobody has flushed for {@link #WRITTEN_BACK} is on the disk, as it is with
 * every system that writes back by itself: so what is remembered does not grow for ever.
 */
final class Unsynced {

    /** Linux takes half a minute, and five seconds for names. */
    private static final Duration WRITTEN_BACK = Duration.ofMinutes(5);

    /**
     * Bytes of a file before a change.
     *
     * @param size of the file then
     * @param position of the change
     * @param old what was there of it
     * @param length of the change
     */
    private record Before(long size, long position, ByteBuffer old, long length) {}

    /** A file and what was done to it since its last force. */
    static final class Content {
        private Path path;
        private final List<Before> changes = new ArrayList<>();

        private Content(Path path) {
            this.path = path;
        }

        Path path() {
            return path;
        }
    }

    /** A change of a name. */
    private static final class Change {
        private final boolean made;
        private final @Nullable Path from;
        private final Path to;
        private final @Nullable Path kept;
        private final @Nullable Content content;
        private final long since;

        private Change(
                boolean made,
                @Nullable Path from,
                Path to,
                @Nullable Path kept,
                @Nullable Content content,
                long since) {
            this.made = made;
            this.from = from;
            this.to = to;
            this.kept = kept;
            this.content = content;
            this.since = since;
        }

        /** Whether it is the removal of a folder, which was empty by then. */
        private boolean removesFolder() {
            return !made && kept == null;
        }

        private Change rebased(Path before, Path after) {
            return new Change(
                    made,
                    from == null ? null : rebase(from, before, after),
                    rebase(to, before, after),
                    kept,
                    content,
                    since);
        }
    }

    private final FileSystemProvider real;
    private final Path grave;
    private final Map<Path, Content> contents = new HashMap<>();
    private final List<Change> names = new ArrayList<>();
    private int buried;

    /**
     * Nothing is remembered yet.
     *
     * @param grave a folder on the same file system for what was removed; it need not exist
     */
    Unsynced(FileSystemProvider real, Path grave) {
        this.real = real;
        this.grave = grave;
    }

    Content content(Path file) {
        return contents.computeIfAbsent(file, Content::new);
    }

    /** Before {@code length} bytes are written at {@code position}. */
    void writes(Content content, FileChannel file, long position, long length) throws IOException {
        long size = file.size();
        int there = (int) Math.max(0, Math.min(length, size - position));
        ByteBuffer old = ByteBuffer.allocate(there);
        if (there > 0) {
            try (FileChannel reader = open(content.path, StandardOpenOption.READ)) {
                while (old.hasRemaining() && reader.read(old, position + old.position()) > 0) {
                    // until all is read
                }
            } catch (NoSuchFileException gone) {
                return; // it was removed while it was open: nothing of it is there after a cut
            }
        }
        content.changes.add(new Before(size, position, old.flip(), length));
    }

    /** A new file was filled by others. */
    void wholly(Path file) throws IOException {
        long size = attributes(file).map(BasicFileAttributes::size).orElse(0L);
        content(file).changes.add(new Before(0, 0, ByteBuffer.allocate(0), size));
    }

    /** Before a file is cut to {@code size}. */
    void truncates(Content content, FileChannel file, long size) throws IOException {
        if (size < file.size()) {
            writes(content, file, size, file.size() - size);
        }
    }

    /** A file is on the disk, with its length; its name need not be. */
    void forced(Content content) {
        content.changes.clear();
    }

    /** The names in a folder are on the disk. */
    void forcedFolder(Path folder) throws IOException {
        for (Change change : List.copyOf(names)) {
            if (folder.equals(change.to.getParent()) && names.contains(change)) {
                flushed(change);
            }
        }
    }

    private void flushed(Change change) throws IOException {
        int place = names.indexOf(change);
        names.remove(place);
        if (change.kept != null) {
            real.deleteIfExists(change.kept);
        }
        if (change.removesFolder()) {
            for (Change earlier : List.copyOf(names.subList(0, place))) {
                if (earlier.to.startsWith(change.to)) {
                    flushed(earlier);
                }
            }
        }
    }

    private void remember(
            boolean made,
            @Nullable Path from,
            Path to,
            @Nullable Path kept,
            @Nullable Content content)
            throws IOException {
        long now = System.nanoTime();
        while (!names.isEmpty() && now - names.getFirst().since > WRITTEN_BACK.toNanos()) {
            flushed(names.getFirst());
        }
        names.add(new Change(made, from, to, kept, content, now));
    }

    /** A file or folder was made. */
    void created(Path path) throws IOException {
        remember(true, null, path, null, null);
    }

    /** Before a file or an empty folder is removed. */
    void deletes(Path path) throws IOException {
        Optional<BasicFileAttributes> found = attributes(path);
        if (found.isPresent()) {
            Path kept = found.get().isDirectory() ? null : bury(path);
            remember(false, null, path, kept, contents.remove(path));
        }
    }

    /** Before a file or folder is renamed, perhaps over another one. */
    void renames(Path from, Path to) throws IOException {
        Path kept = attributes(to).filter(a -> a.isRegularFile()).isPresent() ? bury(to) : null;
        Content replaced = contents.remove(to);
        names.replaceAll(change -> change.rebased(from, to));
        rebaseContents(from, to);
        remember(true, from, to, kept, replaced);
    }

    private Path bury(Path path) throws IOException {
        if (attributes(grave).isEmpty()) {
            real.createDirectory(grave);
        }
        Path kept = grave.resolve(Integer.toString(buried++));
        real.createLink(kept, path);
        return kept;
    }

    private void rebaseContents(Path before, Path after) {
        for (Path path : List.copyOf(contents.keySet())) {
            if (path.startsWith(before)) {
                Content content = contents.remove(path);
                if (content != null) {
                    content.path = rebase(path, before, after);
                    contents.put(content.path, content);
                }
            }
        }
    }

    private static Path rebase(Path path, Path before, Path after) {
        if (path.equals(before)) {
            return after;
        }
        return path.startsWith(before) ? after.resolve(before.relativize(path)) : path;
    }

    /**
     * Takes back what was not flushed.
     *
     * @param loseNames whether the names are taken back, or all were flushed by chance
     * @param zero whether new bytes become zeros, or are not there at all
     */
    void cut(boolean loseNames, boolean zero) throws IOException {
        if (loseNames) {
            while (!names.isEmpty()) {
                undo(names.removeLast());
            }
        }
        for (Content content : contents.values()) {
            if (!content.changes.isEmpty() && attributes(content.path).isPresent()) {
                undo(content, zero);
            }
        }
    }

    private void undo(Change change) throws IOException {
        Path back = change.from == null ? change.to : change.from;
        Path folder = back.getParent();
        if (folder == null || attributes(folder).isEmpty()) {
            return; // the removal of the folder itself was flushed, and took along what was in it
        }
        if (change.made && change.from == null) {
            deleteAll(change.to);
        } else if (change.from != null) {
            move(change.to, change.from);
            names.replaceAll(earlier -> earlier.rebased(change.to, change.from));
            rebaseContents(change.to, change.from);
        } else if (change.kept == null) {
            real.createDirectory(change.to);
        }
        if (change.kept != null) {
            move(change.kept, change.to);
        }
        if (change.content != null) {
            contents.put(change.to, change.content);
        }
    }

    private void move(Path from, Path to) throws IOException {
        CopyOption[] options = {
            StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING
        };
        real.move(from, to, options);
    }

    private void undo(Content content, boolean zero) throws IOException {
        try (FileChannel file = open(content.path, StandardOpenOption.WRITE)) {
            for (Before change : content.changes.reversed()) {
                if (zero) {
                    ByteBuffer bytes = ByteBuffer.allocate((int) change.length);
                    bytes.put(0, change.old, 0, change.old.limit());
                    write(file, bytes, change.position);
                } else {
                    if (file.size() > change.size) {
                        file.truncate(change.size);
                    }
                    write(file, change.old, change.position);
                }
            }
        } catch (NoSuchFileException gone) {
            // Removed by somebody who is not watched.
        }
    }

    private static void write(FileChannel file, ByteBuffer bytes, long position)
            throws IOException {
        while (bytes.hasRemaining()) {
            file.write(bytes, position + bytes.position());
        }
    }

    private void deleteAll(Path path) throws IOException {
        if (attributes(path).filter(BasicFileAttributes::isDirectory).isPresent()) {
            List<Path> inside = new ArrayList<>();
            try (var files = real.newDirectoryStream(path, _ -> true)) {
                files.forEach(inside::add);
            }
            for (Path file : inside) {
                deleteAll(file);
            }
        }
        real.deleteIfExists(path);
    }

    private Optional<BasicFileAttributes> attributes(Path path) {
        try {
            return Optional.of(
                    real.readAttributes(
                            path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS));
        } catch (IOException missing) {
            return Optional.empty();
        }
    }

    private FileChannel open(Path path, StandardOpenOption how) throws IOException {
        return real.newFileChannel(path, Set.of(how));
    }
}
