package dev.tapestry.trust;

import dev.tapestry.consortium.Coded;
import org.jspecify.annotations.Nullable;

/** Something that was to be relied upon cannot be; the message says what, why and what to do. */
public final class TrustException extends RuntimeException implements Coded {

    private static final long serialVersionUID = 1L;

    /** What kind of thing failed. */
    public enum Code {
        /** Bytes that are not the JSON document that was expected. */
        DOCUMENT_MALFORMED,
        /** A value of this program that has no canonical JSON form. */
        DOCUMENT_UNWRITABLE,
        /** A DSSE envelope that does not follow the specification. */
        ENVELOPE_MALFORMED,
        /** An envelope of another kind of document than the one expected. */
        WRONG_PAYLOAD_TYPE,
        /** No signature by the expected key. */
        SIGNATURE_MISSING,
        /** A signature that does not fit the key and the bytes. */
        SIGNATURE_INVALID,
        /** A key that cannot be read. */
        KEY_MALFORMED,
        /** A private key file that others on the machine can read. */
        KEY_EXPOSED,
        /** Text that is not the PEM block expected. */
        PEM_MALFORMED,
        /** A certificate that cannot be read, or does not belong to the key or authority. */
        CERTIFICATE_REFUSED,
        /** A certificate signing request that the authority does not sign. */
        REQUEST_REFUSED,
        /** An enrolment token that cannot be read. */
        TOKEN_MALFORMED,
        /** A checkpoint that is not in the C2SP format. */
        CHECKPOINT_MALFORMED,
        /** A proof that was asked for a tree or an index that is not there. */
        PROOF_IMPOSSIBLE,
        /** Another process writes this log. */
        LOG_IN_USE,
        /** A log holds other entries than its writer knows of. */
        LOG_MOVED_ON,
        /** Another process has taken over the right to write this log. */
        LOG_LEASE_LOST,
        /** A log on a file system that other machines can write to at the same time. */
        LOG_ON_NETWORK,
        /** A file that is not a log, or a damaged one. */
        LOG_UNREADABLE,
        /** The disk refused. */
        STORAGE
    }

    private final Code code;

    /** An exception without a cause. */
    public TrustException(Code code, String message) {
        this(code, message, null);
    }

    /** An exception with the one that led to it. */
    public TrustException(Code code, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.code = code;
    }

    /** What kind of thing failed. */
    @Override
    public Code code() {
        return code;
    }
}
