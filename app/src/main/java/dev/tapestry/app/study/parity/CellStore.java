package dev.tapestry.app.study.parity;

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
import java.util.Optional;

/**
 * The outcomes of cells, a file for each. Several processes may share a store: who claims a cell
 * holds a lock that ends with its process.
 */
final class CellStore {

    private final Path directory;

    CellStore(Path directory) {
        this.directory = directory;
        try {
            Files.createDirectories(directory);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot make " + directory, e);
        }
    }

    /**
     * The outcome of a cell, if it has been run.
     *
     * @throws IllegalArgumentException if the file is of another cell of this name
     */
    Optional<CellResult> find(Cell cell) {
        Path file = file(cell);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            CellResult result = CanonicalJson.read(Files.readAllBytes(file), CellResult.class);
            if (!result.cell().equals(cell)) {
                throw new IllegalArgumentException(
                        file
                                + " was made with other settings than the plan's arm "
                                + cell.arm()
                                + "; remove it to run the cell again, or give the arm another name");
            }
            return Optional.of(result);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file, e);
        }
    }

    /** Keeps an outcome, whole or not at all. */
    void keep(CellResult result) {
        SafeFile.write(file(result.cell()), CanonicalJson.write(result));
    }

    /** Claims a cell for this process; empty if another one is at it. */
    Optional<Claim> claim(Cell cell) {
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
    record Claim(Path lock, FileChannel channel) implements AutoCloseable {
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

    private Path file(Cell cell) {
        return directory.resolve(cell.name() + ".json");
    }
}
