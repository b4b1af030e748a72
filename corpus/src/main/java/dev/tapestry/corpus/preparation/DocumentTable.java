package dev.tapestry.corpus.preparation;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * One number and one mark for each document, in a mapped file: they take no heap, however many
 * documents there are. The numbers are a forest of disjoint sets (Tarjan 1975), whose roots are the
 * first documents of their sets. For one thread.
 */
final class DocumentTable implements AutoCloseable {

    /** What became of a document. */
    enum Fate {
        KEPT(0),
        EXACT_DUPLICATE(1),
        NEAR_DUPLICATE(2);

        private final byte mark;

        Fate(int mark) {
            this.mark = (byte) mark;
        }

        private static Fate of(byte mark) {
            return mark == KEPT.mark
                    ? KEPT
                    : mark == EXACT_DUPLICATE.mark ? EXACT_DUPLICATE : NEAR_DUPLICATE;
        }
    }

    private final Arena arena = Arena.ofConfined();
    private final MemorySegment parents;
    private final MemorySegment fates;

    DocumentTable(Path folder, int documents) throws IOException {
        parents = map(folder.resolve("parents"), 4L * documents);
        fates = map(folder.resolve("fates"), documents);
        for (int i = 0; i < documents; i++) {
            parents.setAtIndex(ValueLayout.JAVA_INT, i, i);
        }
    }

    private MemorySegment map(Path file, long bytes) throws IOException {
        try (FileChannel channel =
                FileChannel.open(
                        file,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.TRUNCATE_EXISTING,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE)) {
            Spool.reserve(channel, bytes);
            return channel.map(FileChannel.MapMode.READ_WRITE, 0, bytes, arena);
        }
    }

    /** Puts two documents into one set. */
    void join(int one, int other) {
        int first = root(one);
        int second = root(other);
        if (first != second) {
            parents.setAtIndex(
                    ValueLayout.JAVA_INT, Math.max(first, second), Math.min(first, second));
        }
    }

    /** The first document of the set. */
    int root(int document) {
        int at = document;
        int parent = parents.getAtIndex(ValueLayout.JAVA_INT, at);
        while (parent != at) {
            int above = parents.getAtIndex(ValueLayout.JAVA_INT, parent);
            parents.setAtIndex(ValueLayout.JAVA_INT, at, above);
            at = parent;
            parent = above;
        }
        return at;
    }

    Fate fate(int document) {
        return Fate.of(fates.get(ValueLayout.JAVA_BYTE, document));
    }

    void mark(int document, Fate fate) {
        fates.set(ValueLayout.JAVA_BYTE, document, fate.mark);
    }

    @Override
    public void close() {
        arena.close();
    }
}
