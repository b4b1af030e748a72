package dev.tapestry.coordinator.store;

import java.nio.file.Path;
import java.util.Collection;
import java.util.SortedMap;

/**
 * Files by name, kept until they are deleted. A name is a relative path with slashes. Failures are
 * {@code STORAGE}. Thread-safe.
 */
public interface ObjectStore extends AutoCloseable {

    /** Keeps a file's bytes under a name; when this returns they outlive the machine's power. */
    void put(String name, Path file);

    /**
     * Writes what is kept under a name to {@code target}, whole or not at all.
     *
     * @return false if nothing is
     */
    boolean fetch(String name, Path target);

    /** The names that begin with {@code prefix}, and how many bytes each has. */
    SortedMap<String, Long> list(String prefix);

    /** Deletes what is there of these. */
    void delete(Collection<String> names);

    /** Where it is, for people. */
    @Override
    String toString();

    @Override
    void close();
}
