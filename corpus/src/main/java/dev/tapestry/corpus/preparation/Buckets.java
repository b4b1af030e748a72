package dev.tapestry.corpus.preparation;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Pairs of a key and a document on disk, spread over files by the key, so that equal keys meet in
 * one file and each file fits into memory. Documents are added in ascending order. For one thread.
 */
final class Buckets implements AutoCloseable {

    private static final int FILES = 256;
    private static final int BUFFER = 1 << 13;

    private final Path folder;
    private final boolean wide;
    private final DataOutputStream[] files = new DataOutputStream[FILES];
    private final long[] counts = new long[FILES];

    /**
     * Empty ones.
     *
     * @param wide whether keys have 128 bits; else the second half is not kept
     */
    Buckets(Path folder, boolean wide) throws IOException {
        this.wide = wide;
        this.folder = Files.createDirectories(folder);
    }

    /** Hears of documents that share a key. */
    interface Meeting {
        /**
         * A document meets the first one with its key, or itself if it is that.
         *
         * @param slot the same for all documents with the key, below what {@link #begin} told
         */
        void met(int slot, int document) throws IOException;

        /** So many pairs come now; slots are below that. */
        void begin(int slots);
    }

    void add(long key, long second, int document) throws IOException {
        int file = (int) (key >>> 56);
        if (files[file] == null) {
            OutputStream out = Files.newOutputStream(folder.resolve(Integer.toString(file)));
            files[file] = new DataOutputStream(new BufferedOutputStream(out, BUFFER));
        }
        files[file].writeLong(key);
        if (wide) {
            files[file].writeLong(second);
        }
        files[file].writeInt(document);
        counts[file]++;
    }

    /** Ends the adding and tells of all pairs, keys in any order, documents of one in ascending. */
    void meet(Meeting meeting, Stop stop) throws IOException {
        close();
        for (int file = 0; file < FILES; file++) {
            if (counts[file] > 0) {
                stop.check();
                meet(
                        folder.resolve(Integer.toString(file)),
                        Math.toIntExact(counts[file]),
                        meeting);
            }
        }
    }

    private void meet(Path file, int count, Meeting meeting) throws IOException {
        meeting.begin(count);
        int size = Integer.highestOneBit(Math.max(4, count)) << 1;
        long[] keys = new long[size];
        long[] seconds = new long[wide ? size : 0];
        int[] slots = new int[size];
        int used = 0;
        try (DataInputStream in =
                new DataInputStream(new BufferedInputStream(Files.newInputStream(file), 1 << 16))) {
            for (int i = 0; i < count; i++) {
                long key = in.readLong();
                long second = wide ? in.readLong() : 0;
                int document = in.readInt();
                int at = (int) Words.mix(key ^ second) & (size - 1);
                while (slots[at] != 0 && !(keys[at] == key && (!wide || seconds[at] == second))) {
                    at = (at + 1) & (size - 1);
                }
                if (slots[at] == 0) {
                    keys[at] = key;
                    if (wide) {
                        seconds[at] = second;
                    }
                    slots[at] = ++used;
                }
                meeting.met(slots[at] - 1, document);
            }
        } catch (EOFException e) {
            throw new IOException(file + " ends too early", e);
        }
    }

    @Override
    public void close() throws IOException {
        for (int file = 0; file < FILES; file++) {
            if (files[file] != null) {
                files[file].close();
            }
        }
    }
}
