package dev.tapestry.trust.log;

import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.signature.VerifyingKey;
import java.util.ArrayList;
import java.util.List;

/**
 * The keys that may have signed a log's checkpoints: of one coordinator after the other. Each signs
 * for the log as far as it kept it, and for its beginning; none for what came after it.
 *
 * @param tenures in order, at least one
 */
public record LogKeys(List<Tenure> tenures) {

    /**
     * One coordinator.
     *
     * @param key with which it signs
     * @param ends the size of the largest log that it may sign
     */
    public record Tenure(VerifyingKey key, long ends) {}

    public LogKeys {
        tenures = List.copyOf(tenures);
        if (tenures.isEmpty()) {
            throw new IllegalArgumentException("a log has a key");
        }
    }

    /** One key for the whole log. */
    public static LogKeys of(VerifyingKey key) {
        return new LogKeys(List.of(new Tenure(key, Long.MAX_VALUE)));
    }

    /** The same, but from the entry after {@code size} entries on another key signs. */
    public LogKeys then(long size, VerifyingKey key) {
        List<Tenure> more = new ArrayList<>(tenures);
        more.add(new Tenure(more.removeLast().key(), size));
        more.add(new Tenure(key, Long.MAX_VALUE));
        return new LogKeys(more);
    }

    /** The key that signs now. */
    public VerifyingKey latest() {
        return tenures.getLast().key();
    }

    /** Whether it is, or was, a key of this log. */
    public boolean knows(VerifyingKey key) {
        return tenures.stream().anyMatch(tenure -> tenure.key().equals(key));
    }

    /**
     * Reads a note and believes it when a key signed it that may have.
     *
     * @throws TrustException as {@link Checkpoint#verified}
     */
    public Checkpoint verified(String note, String origin) {
        long size = Checkpoint.parse(SignedNote.parse(note).text()).size();
        TrustException refused = null;
        for (Tenure tenure : tenures.reversed()) {
            if (tenure.ends() >= size) {
                try {
                    return Checkpoint.verified(note, origin, tenure.key());
                } catch (TrustException e) {
                    refused = refused == null ? e : refused;
                }
            }
        }
        throw refused == null ? new IllegalStateException("the last key has no end") : refused;
    }
}
