package dev.tapestry.weights;

import dev.tapestry.consortium.Digest;
import java.util.LinkedHashMap;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * CRC-32C (RFC 3720, appendix B.4) of parts whose SHA-256 this process has computed, by that
 * digest.
 *
 * <p>By them it finds what a disk has changed since, at a tenth of the price of hashing again; four
 * thousand million changes go unnoticed once. Against somebody who changes files on purpose they
 * say nothing: that is what SHA-256 is for.
 *
 * <p>Knows the last {@value #MOST} parts that were asked for, which takes some 16 MiB. Thread-safe.
 */
public final class PartSums {

    private static final int MOST = 100_000;

    private final SequencedMap<Digest, Integer> sums;
    private final boolean recognising;

    /** Knows nothing yet. */
    public PartSums() {
        this(new LinkedHashMap<>(16, 0.75f, true), true);
    }

    private PartSums(SequencedMap<Digest, Integer> sums, boolean recognising) {
        this.sums = sums;
        this.recognising = recognising;
    }

    /**
     * For whoever must hash, because the bytes are a stranger's: learns, and recognises nothing.
     */
    public PartSums learning() {
        return new PartSums(sums, false);
    }

    /** Remembers the CRC-32C of bytes that have this SHA-256. */
    public void learn(Digest part, int crc) {
        synchronized (sums) {
            sums.put(part, crc);
            if (sums.size() > MOST) {
                sums.pollFirstEntry();
            }
        }
    }

    Optional<Integer> of(Digest part) {
        synchronized (sums) {
            return recognising ? Optional.ofNullable(sums.get(part)) : Optional.empty();
        }
    }
}
