package dev.tapestry.coordinator;

import dev.tapestry.consortium.Finding;
import dev.tapestry.consortium.RoundInput.Refusal;
import dev.tapestry.trust.TrustException;

/** What a signed document that cannot be accepted is refused for. */
final class Signatures {

    private Signatures() {}

    /** The finding for what the trust room found wrong with an envelope or its content. */
    static Refusal refusal(TrustException e) {
        Finding finding =
                switch (e.code()) {
                    case SIGNATURE_MISSING, SIGNATURE_INVALID -> Finding.BAD_SIGNATURE;
                    case DOCUMENT_MALFORMED,
                            DOCUMENT_UNWRITABLE,
                            ENVELOPE_MALFORMED,
                            WRONG_PAYLOAD_TYPE,
                            KEY_MALFORMED,
                            KEY_EXPOSED,
                            PEM_MALFORMED,
                            CERTIFICATE_REFUSED,
                            REQUEST_REFUSED,
                            TOKEN_MALFORMED,
                            CHECKPOINT_MALFORMED,
                            PROOF_IMPOSSIBLE,
                            LOG_IN_USE,
                            LOG_ON_NETWORK,
                            LOG_MOVED_ON,
                            LOG_LEASE_LOST,
                            LOG_UNREADABLE,
                            STORAGE ->
                            Finding.MALFORMED;
                };
        return new Refusal(finding, String.valueOf(e.getMessage()));
    }
}
