package dev.tapestry.consortium;

import java.util.Optional;
import java.util.function.LongFunction;

/**
 * What a member relied on when it contributed: whoever holds the signed manifest can hold it
 * against the log that it was admitted to.
 *
 * @param charter digest of the charter's canonical JSON, as the log's first entry has it
 * @param logSize entries of the coordinator's log that the member had verified
 * @param logRoot the root of the tree over them
 * @param card digest of the card of the text that was trained on; the card itself stays with the
 *     member
 */
public record Grounds(Digest charter, long logSize, Digest logRoot, Optional<Digest> card) {

    public Grounds {
        if (logSize < 1) {
            throw new IllegalArgumentException("a log that proves a base has entries");
        }
    }

    /**
     * Why a contribution is not taken on the grounds that it names, or for naming none; empty where
     * it is.
     *
     * @param said what its manifest says
     * @param charter digest of the consortium's charter
     * @param roots of the log's first so many entries; empty where it has not so many
     */
    public static Optional<RoundInput.Refusal> refusal(
            Optional<Grounds> said, Digest charter, LongFunction<Optional<Digest>> roots) {
        return said.isPresent()
                ? said.get().refusal(charter, roots.apply(said.get().logSize))
                : AdmissionRules.refuse(
                        Finding.NO_GROUNDS,
                        "the manifest does not say on what grounds it was made: name the charter, the log that was verified, and the card");
    }

    private Optional<RoundInput.Refusal> refusal(Digest actual, Optional<Digest> root) {
        if (!charter.equals(actual)) {
            return AdmissionRules.refuse(
                    Finding.WRONG_CHARTER,
                    "trained under charter %s; the consortium's is %s"
                            .formatted(charter.abbreviated(), actual.abbreviated()));
        }
        return root.equals(Optional.of(logRoot))
                ? Optional.empty()
                : AdmissionRules.refuse(
                        Finding.OTHER_HISTORY,
                        "the member has verified a log of %d entries with the root %s; this log has %s there"
                                .formatted(
                                        logSize,
                                        logRoot.abbreviated(),
                                        root.map(Digest::abbreviated).orElse("no such entries")));
    }
}
