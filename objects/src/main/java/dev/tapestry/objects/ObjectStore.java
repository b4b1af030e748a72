package dev.tapestry.objects;

import java.nio.file.Path;
import java.util.Collection;
import java.util.SortedMap;

/**
 * Files by name, kept until they are deleted. A name is a relative path with slashes. What fails is
 * an {@link ObjectsException}. Thread-safe.
 */
public interface ObjectStore extends AutoCloseable {

    /** Keeps a file's bytes under a name; when this returns they outlive the machine's power. */
    void put(String name, Path file);

    /**
     * Writes what is kept under a name to {@code target}, whole or not at all.
     *
     * @return false if nothing is
     */
    default boolean fetch(String name, Path target) {
        return fetch(name, target, Long.MAX_VALUE);
    }

    /**
     * The same of what may have been put there by somebody else.
     *
     * @param most bytes that are taken
     * @throws ObjectsException {@code TOO_LONG} if there are more; no more were written
     */
    boolean fetch(String name, Path target, long most);

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
