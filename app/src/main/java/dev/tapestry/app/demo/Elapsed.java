package dev.tapestry.app.demo;

import dev.tapestry.trust.SafeFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** How long a demo has worked, also when it was stopped and went on. */
final class Elapsed {

    private final Path file;
    private final double before;
    private final long began = System.nanoTime();

    /** Goes on counting from what an earlier process noted in {@code file}. */
    Elapsed(Path file) {
        this.file = file;
        try {
            before = Files.exists(file) ? Double.parseDouble(Files.readString(file).strip()) : 0;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    double seconds() {
        return before + (System.nanoTime() - began) / 1e9;
    }

    /** Keeps the time for a process that goes on after this one. */
    void note() {
        SafeFile.write(file, seconds() + "\n");
    }
}
