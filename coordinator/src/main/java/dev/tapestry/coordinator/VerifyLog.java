package dev.tapestry.coordinator;

import dev.tapestry.consortium.AuditRules;
import dev.tapestry.consortium.Consortium;
import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.log.AuditLog;
import dev.tapestry.trust.log.LogStore;
import dev.tapestry.trust.log.LogVerifier;
import dev.tapestry.trust.log.Verdict;
import dev.tapestry.trust.signature.SigningKey;
import dev.tapestry.trust.signature.VerifyingKey;
import java.nio.file.Path;
import java.util.List;

/** Whether a coordinator's log is whole, signed, and tells a story that the rules allow. */
public sealed interface VerifyLog {

    /**
     * It is.
     *
     * @param verdict size, root and how many entries are signed for
     * @param consortium the state that all events lead to
     */
    record Sound(Verdict.Whole verdict, Consortium consortium) implements VerifyLog {}

    /**
     * It is not.
     *
     * @param detail which entry, and what is wrong with it
     */
    record Unsound(String detail) implements VerifyLog {}

    /**
     * Examines the log in a coordinator's directory, also while the coordinator runs.
     *
     * @throws TrustException if the directory has no readable signing key
     */
    static VerifyLog of(Path directory) {
        CoordinatorDirectory place = new CoordinatorDirectory(directory);
        return of(
                CoordinatorLog.open(directory), SigningKey.load(place.signingKey()).verifyingKey());
    }

    /**
     * Examines a log by the coordinator's public key: every hash, every checkpoint, and every event
     * by the rules of {@link AuditRules}.
     *
     * @param store which is closed
     */
    static VerifyLog of(LogStore store, VerifyingKey key) {
        try (AuditLog log = AuditLog.in(store)) {
            return switch (LogVerifier.verify(store, key, List.of())) {
                case Verdict.Broken broken ->
                        new Unsound(
                                "entry %d: %s, %s"
                                        .formatted(
                                                broken.index(), broken.damage(), broken.detail()));
                case Verdict.Whole whole -> replayed(log, key, whole);
            };
        }
    }

    private static VerifyLog replayed(AuditLog log, VerifyingKey key, Verdict.Whole whole) {
        try {
            Consortium consortium = Ledger.replay(log, VerifyLog::examine).consortium();
            return consortium.coordinatorKey().equals(key.value())
                    ? new Sound(whole, consortium)
                    : new Unsound(
                            "the consortium was founded with the key %s, not with %s"
                                    .formatted(consortium.coordinatorKey(), key));
        } catch (CoordinatorException e) {
            return new Unsound(String.valueOf(e.getMessage()));
        }
    }

    private static void examine(ConsortiumEvent event, Consortium before) {
        AuditRules.breach(before, event)
                .ifPresent(breach -> {
                    throw new IllegalArgumentException(breach);
                });
    }
}
