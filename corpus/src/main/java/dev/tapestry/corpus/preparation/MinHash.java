package dev.tapestry.corpus.preparation;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * MinHash signatures (Broder 1997) of the rows of words of a text, cut into bands for
 * locality-sensitive hashing (Indyk and Motwani 1998; Leskovec, Rajaraman and Ullman, "Mining of
 * Massive Datasets", 3.4).
 *
 * <p>The i-th number of a signature is the least of {@code a_i·x + b_i} modulo 2³² over the hashes
 * {@code x} of all rows, with {@code a_i} odd. Two texts have the same i-th number with the
 * probability {@code J} that is the Jaccard similarity of their rows. They share one of {@code b}
 * bands of {@code r} numbers with the probability {@code 1 − (1 − J^r)^b}. Of each number eight
 * bits are kept, from which {@code J} is estimated (Li and König 2010): equal by chance is one in
 * 256.
 */
final class MinHash {

    private final int shingleWords;
    private final int bands;
    private final int rows;
    private final int[] factors;
    private final int[] summands;

    MinHash(Steps.NearDuplicates settings, long seed) {
        shingleWords = settings.shingleWords();
        bands = settings.bands();
        rows = settings.rows();
        factors = new int[bands * rows];
        summands = new int[bands * rows];
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < factors.length; i++) {
            factors[i] = random.nextInt() | 1;
            summands[i] = random.nextInt();
        }
    }

    /** Bytes of {@link Signature#bytes()}. */
    int signatureLength() {
        return bands * rows;
    }

    int bands() {
        return bands;
    }

    /**
     * What is kept of a text.
     *
     * @param bytes eight bits of each minimum
     * @param bands a key for each band; documents that share one are looked at
     */
    @SuppressWarnings("ArrayRecordComponent") // for one use at once, never compared
    record Signature(byte[] bytes, long[] bands) {}

    /** The signature; null if the text has fewer words than a shingle. */
    @Nullable Signature of(Words words) {
        int count = words.count() - shingleWords + 1;
        if (count < 1) {
            return null;
        }
        int[] least = new int[factors.length];
        Arrays.fill(least, Integer.MAX_VALUE);
        for (int shingle = 0; shingle < count; shingle++) {
            int x = (int) (words.row(shingle, shingleWords) >>> 32);
            for (int i = 0; i < least.length; i++) {
                least[i] = Math.min(least[i], factors[i] * x + summands[i]);
            }
        }
        byte[] bytes = new byte[least.length];
        long[] keys = new long[bands];
        for (int band = 0; band < bands; band++) {
            long key = band;
            for (int i = band * rows; i < (band + 1) * rows; i++) {
                key = Words.mix(key * 31 + least[i]);
                // The lowest bits of a product depend on the lowest bits of x alone.
                bytes[i] = (byte) (Words.mix(least[i]) >>> 56);
            }
            keys[band] = key;
        }
        return new Signature(bytes, keys);
    }
}
