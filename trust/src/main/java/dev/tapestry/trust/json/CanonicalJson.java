package dev.tapestry.trust.json;

import dev.tapestry.consortium.Digest;
import dev.tapestry.trust.TrustException;

/**
 * Records as canonical JSON (RFC 8785), and back; the package describes the mapping.
 *
 * <p>Equal records have equal bytes on every machine, so that a digest or a signature of the bytes
 * is one of the record. Thread-safe.
 */
public final class CanonicalJson {

    private CanonicalJson() {}

    /**
     * The canonical bytes of a record, or of a list or map of records.
     *
     * @throws TrustException {@code DOCUMENT_UNWRITABLE}: a null, an infinite or too large number,
     *     or a type outside the mapping
     */
    public static byte[] write(Object document) {
        return JsonBytes.write(RecordEncoder.encode(document));
    }

    /** The SHA-256 of the canonical bytes. */
    public static Digest digest(Object document) {
        return Digest.of(write(document));
    }

    /**
     * Reads a document, which need not be canonical (white space and order are free) but must have
     * exactly the members that the type has.
     *
     * @param type a record or a sealed interface of records
     * @throws TrustException {@code DOCUMENT_MALFORMED}, with the place and the offending text
     */
    public static <T> T read(byte[] bytes, Class<T> type) {
        return type.cast(RecordDecoder.decode("$", JsonBytes.read(bytes), type));
    }
}
