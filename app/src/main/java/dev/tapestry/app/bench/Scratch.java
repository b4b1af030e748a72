package dev.tapestry.app.bench;

import dev.tapestry.app.bench.BenchException.Code;
import dev.tapestry.app.command.Signals;
import dev.tapestry.weights.Drafts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A directory of a benchmark's own that is gone when the benchmark is, also when it is interrupted.
 */
final class Scratch implements AutoCloseable {

    /** What a process gets unless it is given something else. */
    static final int HEAP_MEBIBYTES = 256;

    private static final int INTERRUPTED = 130;

    private final Path directory;
    private final List<Child> children = new ArrayList<>();
    private final List<Runnable> undoings = new ArrayList<>();
    private final Signals signals;

    private Scratch(Path directory) {
        this.directory = directory;
        this.signals =
                Signals.during(() -> {
                    killAll();
                    close();
                    Runtime.getRuntime().halt(INTERRUPTED);
                });
    }

    /** A new directory in {@code parent}, or in the system's temporary directory. */
    static Scratch in(@Nullable Path parent) {
        try {
            if (parent == null) {
                return new Scratch(Files.createTempDirectory("tapestry-bench-"));
            }
            Files.createDirectories(parent);
            return new Scratch(Files.createTempDirectory(parent, "tapestry-bench-"));
        } catch (IOException e) {
            throw new BenchException(Code.STORAGE, "no place to work: " + e, e);
        }
    }

    Path directory() {
        return directory;
    }

    /** A folder in it. */
    Path folder(String name) {
        try {
            return Files.createDirectories(directory.resolve(name));
        } catch (IOException e) {
            throw new BenchException(Code.STORAGE, "no place to work: " + e, e);
        }
    }

    /** A process that must be gone before the directory can be. */
    Child start(Class<?> main, String... arguments) {
        return start(List.of(), main, arguments);
    }

    /** The same, with a command that begins with other words. */
    Child start(List<String> within, Class<?> main, String... arguments) {
        return start(within, HEAP_MEBIBYTES, main, arguments);
    }

    /** The same with so much heap. */
    Child start(int heapMebibytes, Class<?> main, String... arguments) {
        return start(List.of(), heapMebibytes, main, arguments);
    }

    private Child start(
            List<String> within, int heapMebibytes, Class<?> main, String... arguments) {
        // If it dies, the others would wait for it for ever.
        Child child = Child.start(within, heapMebibytes, main, this::killAll, arguments);
        synchronized (children) {
            children.add(child);
        }
        return child;
    }

    /** What is to be done, whatever happens, when the processes are gone. */
    void finallyDo(Runnable undoing) {
        synchronized (undoings) {
            undoings.add(undoing);
        }
    }

    private void killAll() {
        synchronized (children) {
            children.forEach(Child::kill);
        }
    }

    /** Deletes a folder with all in it; what others delete at the same time is gone too. */
    static void delete(Path folder) {
        try {
            Drafts.delete(folder);
        } catch (NoSuchFileException e) {
            delete(folder);
        } catch (IOException e) {
            throw new BenchException(Code.STORAGE, "cannot delete " + folder + ": " + e, e);
        }
    }

    /** Whoever comes second, by a signal or at the end, finds everything gone. */
    @Override
    public synchronized void close() {
        synchronized (children) {
            children.forEach(Child::dismiss);
            children.forEach(Child::close);
            children.clear();
        }
        synchronized (undoings) {
            undoings.forEach(Runnable::run);
            undoings.clear();
        }
        delete(directory);
        signals.close();
    }
}
