package dev.tapestry.app.chaos.disk;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.AccessMode;
import java.nio.file.CopyOption;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileStore;
import java.nio.file.FileSystem;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileAttributeView;
import java.nio.file.spi.FileSystemProvider;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The real file system, which fails when it is told to; the package describes how. Installed by the
 * JDK when {@code java.nio.file.spi.DefaultFileSystemProvider} names this class.
 */
public final class FailingDiskProvider extends FileSystemProvider {

    private static final int KILLED = 137;

    private final FileSystemProvider real;
    private final FailingFileSystem fileSystem;
    private final Disk disk;

    /** Called by the JDK with the provider that it would have used. */
    public FailingDiskProvider(FileSystemProvider real) {
        this(real, places(), () -> Runtime.getRuntime().halt(KILLED));
    }

    /**
     * A disk that fails under {@code places[1]} by orders in {@code places[0]}.
     *
     * @param ending ends the process at once, as {@code kill -9} does: no hook runs
     */
    FailingDiskProvider(FileSystemProvider real, String[] places, Runnable ending) {
        this.real = real;
        FileSystem platform = real.getFileSystem(URI.create("file:///"));
        this.fileSystem = new FailingFileSystem(this, platform);
        this.disk =
                new Disk(real, platform.getPath(places[0]), platform.getPath(places[1]), ending);
    }

    /** Meets an operation of a log's database, which does not come this way; may never return. */
    void meet(DiskOperation ofLog, Path database) {
        Path place = place(database);
        if (disk.watches(place)) {
            try {
                disk.meet(ofLog, place);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private static String[] places() {
        String[] places = System.getProperty(Disk.PROPERTY, "").split(":", 2);
        if (places.length != 2) {
            throw new IllegalStateException(
                    "-D%s=CONTROL:ROOT is missing: this file system is for tapestry chaos only"
                            .formatted(Disk.PROPERTY));
        }
        return places;
    }

    /**
     * The options for a JVM whose disk is to fail.
     *
     * @param control an existing folder outside {@code root}, on the same file system
     * @param root what is watched
     */
    public static List<String> options(Path control, Path root) {
        return List.of(
                "-Djava.nio.file.spi.DefaultFileSystemProvider="
                        + FailingDiskProvider.class.getName(),
                CommitWatch.option(control),
                "-D%s=%s:%s".formatted(Disk.PROPERTY, control, root));
    }

    private static Path real(Path path) {
        return FailingPath.real(path);
    }

    private static Path place(Path path) {
        return real(path).toAbsolutePath().normalize();
    }

    /** Something that the real file system does. */
    @FunctionalInterface
    private interface Doing {
        void run() throws IOException;
    }

    private void create(Path path, Doing doing) throws IOException {
        Path place = place(path);
        if (!disk.watches(place)) {
            doing.run();
            return;
        }
        synchronized (disk) {
            disk.meet(DiskOperation.CREATE, place);
            doing.run();
            disk.unsynced().created(place);
        }
    }

    @Override
    public FileChannel newFileChannel(
            Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
            throws IOException {
        Path place = place(path);
        if (!disk.watches(place)) {
            return real.newFileChannel(real(path), options, attributes);
        }
        synchronized (disk) {
            boolean writes =
                    options.contains(StandardOpenOption.WRITE)
                            || options.contains(StandardOpenOption.APPEND);
            boolean makes =
                    options.contains(StandardOpenOption.CREATE)
                            || options.contains(StandardOpenOption.CREATE_NEW);
            boolean exists = exists(place);
            if (writes && makes && !exists) {
                disk.meet(DiskOperation.CREATE, place);
            } else if (writes && exists && options.contains(StandardOpenOption.TRUNCATE_EXISTING)) {
                truncate(place);
            }
            FileChannel channel = real.newFileChannel(real(path), options, attributes);
            if (options.contains(StandardOpenOption.DELETE_ON_CLOSE)) {
                return channel; // it has no name any more, and nothing of it outlives the process
            }
            if (writes && !exists) {
                disk.unsynced().created(place);
            }
            return new FailingChannel(
                    channel,
                    disk,
                    place,
                    isFolder(place),
                    options.contains(StandardOpenOption.SYNC)
                            || options.contains(StandardOpenOption.DSYNC),
                    options.contains(StandardOpenOption.APPEND));
        }
    }

    private void truncate(Path place) throws IOException {
        disk.meet(DiskOperation.TRUNCATE, place);
        try (FileChannel file = real.newFileChannel(place, Set.of(StandardOpenOption.READ))) {
            disk.unsynced().truncates(disk.unsynced().content(place), file, 0);
        }
    }

    private boolean exists(Path place) {
        try {
            real.checkAccess(place);
            return true;
        } catch (IOException missing) {
            return false;
        }
    }

    private boolean isFolder(Path place) throws IOException {
        return real.readAttributes(place, BasicFileAttributes.class).isDirectory();
    }

    @Override
    public SeekableByteChannel newByteChannel(
            Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
            throws IOException {
        return newFileChannel(path, options, attributes);
    }

    @Override
    public void createDirectory(Path path, FileAttribute<?>... attributes) throws IOException {
        if (exists(place(path))) {
            throw new FileAlreadyExistsException(path.toString());
        }
        create(path, () -> real.createDirectory(real(path), attributes));
    }

    @Override
    public void createSymbolicLink(Path link, Path target, FileAttribute<?>... attributes)
            throws IOException {
        create(link, () -> real.createSymbolicLink(real(link), real(target), attributes));
    }

    @Override
    public void createLink(Path link, Path existing) throws IOException {
        create(link, () -> real.createLink(real(link), real(existing)));
    }

    @Override
    public void delete(Path path) throws IOException {
        Path place = place(path);
        if (!disk.watches(place)) {
            real.delete(real(path));
            return;
        }
        synchronized (disk) {
            if (!exists(place)) {
                throw new NoSuchFileException(path.toString());
            }
            disk.meet(DiskOperation.DELETE, place);
            boolean full = isFolder(place) && !isEmpty(place);
            if (!full) {
                disk.unsynced().deletes(place);
            }
            real.delete(real(path));
        }
    }

    private boolean isEmpty(Path folder) throws IOException {
        try (DirectoryStream<Path> files = real.newDirectoryStream(folder, _ -> true)) {
            return !files.iterator().hasNext();
        }
    }

    @Override
    public void copy(Path source, Path target, CopyOption... options) throws IOException {
        Path place = place(target);
        if (!disk.watches(place)) {
            real.copy(real(source), real(target), options);
            return;
        }
        synchronized (disk) {
            disk.meet(DiskOperation.CREATE, place);
            if (exists(place)) {
                disk.unsynced().deletes(place); // it is replaced, or the copy refuses
            }
            real.copy(real(source), real(target), options);
            disk.unsynced().created(place);
            disk.unsynced().wholly(place);
        }
    }

    @Override
    public void move(Path source, Path target, CopyOption... options) throws IOException {
        Path from = place(source);
        Path to = place(target);
        if (!disk.watches(to)) {
            real.move(real(source), real(target), options);
            return;
        }
        synchronized (disk) {
            disk.meet(DiskOperation.RENAME, to);
            if (!exists(from)) {
                throw new NoSuchFileException(source.toString());
            }
            disk.unsynced().renames(from, to);
            real.move(real(source), real(target), options);
        }
    }

    @Override
    public DirectoryStream<Path> newDirectoryStream(
            Path folder, DirectoryStream.Filter<? super Path> filter) throws IOException {
        DirectoryStream<Path> files =
                real.newDirectoryStream(real(folder), path -> filter.accept(fileSystem.wrap(path)));
        return new DirectoryStream<>() {
            @Override
            public Iterator<Path> iterator() {
                Iterator<Path> all = files.iterator();
                return new Iterator<>() {
                    @Override
                    public boolean hasNext() {
                        return all.hasNext();
                    }

                    @Override
                    public Path next() {
                        return fileSystem.wrap(all.next());
                    }
                };
            }

            @Override
            public void close() throws IOException {
                files.close();
            }
        };
    }

    @Override
    public FileStore getFileStore(Path path) throws IOException {
        FileStore store = real.getFileStore(real(path));
        return disk.watches(place(path)) ? new FailingStore(store, disk) : store;
    }

    @Override
    public String getScheme() {
        return real.getScheme();
    }

    @Override
    public FileSystem newFileSystem(URI uri, Map<String, ?> environment) throws IOException {
        return real.newFileSystem(uri, environment);
    }

    @Override
    public FileSystem getFileSystem(URI uri) {
        return fileSystem;
    }

    @Override
    public Path getPath(URI uri) {
        return fileSystem.wrap(real.getPath(uri));
    }

    @Override
    public Path readSymbolicLink(Path link) throws IOException {
        return fileSystem.wrap(real.readSymbolicLink(real(link)));
    }

    @Override
    public boolean isSameFile(Path path, Path other) throws IOException {
        return real.isSameFile(real(path), real(other));
    }

    @Override
    public boolean isHidden(Path path) throws IOException {
        return real.isHidden(real(path));
    }

    @Override
    public void checkAccess(Path path, AccessMode... modes) throws IOException {
        real.checkAccess(real(path), modes);
    }

    @Override
    public <V extends FileAttributeView> @Nullable V getFileAttributeView(
            Path path, Class<V> type, LinkOption... options) {
        return real.getFileAttributeView(real(path), type, options);
    }

    @Override
    public <A extends BasicFileAttributes> A readAttributes(
            Path path, Class<A> type, LinkOption... options) throws IOException {
        return real.readAttributes(real(path), type, options);
    }

    @Override
    public Map<String, Object> readAttributes(Path path, String names, LinkOption... options)
            throws IOException {
        return real.readAttributes(real(path), names, options);
    }

    @Override
    public void setAttribute(Path path, String name, Object value, LinkOption... options)
            throws IOException {
        real.setAttribute(real(path), name, value, options);
    }
}
