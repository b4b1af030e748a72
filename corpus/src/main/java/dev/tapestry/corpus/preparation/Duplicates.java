package dev.tapestry.corpus.preparation;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/**
 * Finds documents that say the same. Of equal texts the first in the plan's order is kept. Of texts
 * that share a band of their signatures those are one whose whole signatures are similar, and what
 * is one with one of a set is one with all of it; the first is kept. For one thread.
 */
final class Duplicates implements AutoCloseable {

    /** In a crowded bucket each document is compared with so many that are unlike each other. */
    private static final int MOST_COMPARED = 8;

    private final Buckets exact;
    private final Buckets bands;
    private final boolean equal;
    private final boolean near;
    private final double similarity;

    Duplicates(Path folder, Steps steps) throws IOException {
        exact = new Buckets(folder.resolve("exact"), true);
        bands = new Buckets(folder.resolve("bands"), false);
        equal = steps.exactDuplicates();
        near = steps.nearDuplicates().isPresent();
        similarity = steps.nearDuplicates().map(Steps.NearDuplicates::similarity).orElse(1.0);
    }

    void add(Spooled.Keyed keyed, int document) throws IOException {
        if (equal) {
            exact.add(keyed.first(), keyed.second(), document);
        }
        MinHash.Signature signature = keyed.signature();
        if (near && signature != null) {
            for (long band : signature.bands()) {
                bands.add(band, 0, document);
            }
        }
    }

    /** Marks equal documents. */
    void markExact(DocumentTable table, Stop stop) throws IOException {
        exact.meet(
                new Buckets.Meeting() {
                    private boolean[] seen = new boolean[0];

                    @Override
                    public void begin(int slots) {
                        seen = new boolean[slots];
                    }

                    @Override
                    public void met(int slot, int document) {
                        if (seen[slot]) {
                            table.mark(document, DocumentTable.Fate.EXACT_DUPLICATE);
                        }
                        seen[slot] = true;
                    }
                },
                stop);
    }

    /** Marks similar documents, after the equal ones. */
    void markNear(DocumentTable table, Spool spool, int signatureLength, Stop stop)
            throws IOException {
        if (!near || spool.documents() == 0) {
            return;
        }
        try (FileChannel channel = FileChannel.open(spool.signatures(), StandardOpenOption.READ);
                Arena arena = Arena.ofConfined()) {
            MemorySegment signatures =
                    channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            bands.meet(new Similar(table, signatures, signatureLength), stop);
        }
        for (int document = 0; document < spool.documents(); document++) {
            if (table.fate(document) == DocumentTable.Fate.KEPT
                    && table.root(document) != document) {
                table.mark(document, DocumentTable.Fate.NEAR_DUPLICATE);
            }
        }
    }

    /** Compares those that meet. */
    private final class Similar implements Buckets.Meeting {

        private final DocumentTable table;
        private final MemorySegment signatures;
        private final int length;
        private int[] heads = new int[0];
        private int[] documents = new int[0];
        private int[] nexts = new int[0];
        private int used;

        Similar(DocumentTable table, MemorySegment signatures, int length) {
            this.table = table;
            this.signatures = signatures;
            this.length = length;
        }

        @Override
        public void begin(int slots) {
            heads = new int[slots];
            Arrays.fill(heads, -1);
            documents = new int[Math.min(slots, 1 << 10)];
            nexts = new int[documents.length];
            used = 0;
        }

        @Override
        public void met(int slot, int document) {
            if (table.fate(document) != DocumentTable.Fate.KEPT) {
                return;
            }
            int compared = 0;
            for (int at = heads[slot]; at >= 0; at = nexts[at]) {
                int other = documents[at];
                if (table.root(other) == table.root(document)) {
                    return;
                }
                if (similar(other, document)) {
                    table.join(other, document);
                    return;
                }
                compared++;
            }
            if (compared < MOST_COMPARED) {
                if (used == documents.length) {
                    documents = Arrays.copyOf(documents, 2 * used);
                    nexts = Arrays.copyOf(nexts, 2 * used);
                }
                documents[used] = document;
                nexts[used] = heads[slot];
                heads[slot] = used++;
            }
        }

        private boolean similar(int one, int other) {
            int equal = 0;
            for (int i = 0; i < length; i++) {
                if (at(one, i) == at(other, i)) {
                    equal++;
                }
            }
            double chance = 1.0 / 256;
            double estimate = ((double) equal / length - chance) / (1 - chance);
            return estimate >= similarity;
        }

        private byte at(int document, int i) {
            return signatures.get(ValueLayout.JAVA_BYTE, (long) document * length + i);
        }
    }

    @Override
    public void close() throws IOException {
        exact.close();
        bands.close();
    }
}
