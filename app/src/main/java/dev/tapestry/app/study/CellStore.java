package dev.tapestry.app.study;

import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.json.CanonicalJson;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * The outcomes of a study's cells, a file for each. Several processes may share a store: who claims
 * a cell holds a lock that ends with its process.
 *
 * @param <C> a cell: everything that decides its outcome
 * @param <R> what came out of one
 */
public final class CellStore<C extends CellStore.Named, R extends Record & CellStore.Outcome<C>> {

    /** A cell. */
    public interface Named {

        /** Its file's name without the ending; no other cell of the study has it. */
        String name();
    }

    /** What came out of a cell. */
    public interface Outcome<C> {

        /** The cell as it was run. */
        C cell();
    }

    /** What runs a cell. */
    @FunctionalInterface
    public interface Runner<C, R> {

        /** The outcome of {@code cell}. */
        R run(C cell) throws IOException;
    }

    private final Path directory;
    private final Class<R> outcomes;

    /**
     * The store in {@code directory}, which is made if it is not there.
     *
     * @param outcomes their type
     */
    public CellStore(Path directory, Class<R> outcomes) {
        this.directory = directory;
        this.outcomes = outcomes;
        try {
            Files.createDirectories(directory);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot make " + directory, e);
        }
    }

    /**
     * Runs what is due, cell by cell, and keeps what comes out.
     *
     * @param due the cells that can be run now and have not been; asked again after each
     * @return false if other processes are still at some cells
     */
    public boolean run(Supplier<List<C>> due, Runner<C, R> runner) throws IOException {
        while (true) {
            boolean waiting = false;
            boolean ran = false;
            for (C cell : due.get()) {
                Optional<Claim> claim = claim(cell);
                if (claim.isEmpty()) {
                    waiting = true;
                    continue;
                }
                try (Claim _ = claim.get()) {
                    if (find(cell).isEmpty()) {
                        keep(runner.run(cell));
                    }
                }
                ran = true;
                break;
            }
            if (!ran) {
                return !waiting;
            }
        }
    }

    /**
     * The outcome of a cell, if it has been run.
     *
     * @throws IllegalArgumentException if the file is of another cell of this name
     */
    public Optional<R> find(C cell) {
        Path file = file(cell);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            R result = CanonicalJson.read(Files.readAllBytes(file), outcomes);
            if (!result.cell().equals(cell)) {
                throw new IllegalArgumentException(
                        file
                                + " was made with other settings than the plan's; remove it to run"
                                + " the cell again, or give it another name in the plan");
            }
            return Optional.of(result);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file, e);
        }
    }

    /** Keeps an outcome, whole or not at all. */
    private void keep(R result) {
        SafeFile.write(file(result.cell()), CanonicalJson.write(result));
    }

    /** Claims a cell for this process; empty if another one is at it. */
    public Optional<Claim> claim(C cell) {
        Path lock = directory.resolve("." + cell.name() + ".lock");
        try {
            FileChannel channel =
                    FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            FileLock held = null;
            try {
                held = channel.tryLock();
            } catch (OverlappingFileLockException e) {
                // Held within this process.
            }
            if (held == null) {
                channel.close();
                return Optional.empty();
            }
            return Optional.of(new Claim(lock, channel));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot lock " + lock, e);
        }
    }

    /** A claimed cell. */
    public record Claim(Path lock, FileChannel channel) implements AutoCloseable {
        @Override
        public void close() {
            try {
                Files.deleteIfExists(lock);
                channel.close();
            } catch (IOException e) {
                throw new UncheckedIOException("cannot release " + lock, e);
            }
        }
    }

    private Path file(C cell) {
        return directory.resolve(cell.name() + ".json");
    }
}
