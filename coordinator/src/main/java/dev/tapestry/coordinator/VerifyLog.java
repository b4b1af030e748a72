package dev.tapestry.coordinator;

import dev.tapestry.consortium.Consortium;
import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.ConsortiumEvent.CoordinatorMoved;
import dev.tapestry.consortium.ConsortiumEvent.Founded;
import dev.tapestry.consortium.Digest;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.log.AuditLog;
import dev.tapestry.trust.log.Checkpoint;
import dev.tapestry.trust.log.LogKeys;
import dev.tapestry.trust.log.LogStore;
import dev.tapestry.trust.log.LogVerifier;
import dev.tapestry.trust.log.Verdict;
import dev.tapestry.trust.move.MoveAgreement;
import dev.tapestry.trust.signature.SigningKey;
import dev.tapestry.trust.signature.VerifyingKey;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

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
        VerifyingKey key = SigningKey.load(place.signingKey()).verifyingKey();
        return of(directory, Optional.of(key), List.of());
    }

    /**
     * Examines the log of a coordinator, wherever it keeps it: every hash, every checkpoint, and
     * every event by the rules. For a log that moved, the members' agreements are looked for in
     * {@code moves} beside it.
     *
     * @param directory a coordinator's, or one with a copy of its {@code log.db}
     * @param key a key that must be its coordinator's, or have been; where it is empty, the log's
     *     own word is taken for it
     * @param remembered checkpoints that others keep
     */
    static VerifyLog of(
            Path directory, Optional<VerifyingKey> key, Collection<Checkpoint> remembered) {
        try (LogStore store = CoordinatorLog.open(directory);
                AuditLog log = AuditLog.in(store)) {
            LogKeys keys = keys(log, key);
            if (key.isPresent() && !keys.knows(key.get())) {
                return new Unsound(
                        "the consortium was founded with the key %s, not with %s"
                                .formatted(keys.latest(), key.get()));
            }
            return switch (LogVerifier.verify(store, keys, remembered)) {
                case Verdict.Broken broken ->
                        new Unsound(
                                "entry %d: %s, %s"
                                        .formatted(
                                                broken.index(), broken.damage(), broken.detail()));
                case Verdict.Whole whole -> replayed(log, directory, whole);
            };
        } catch (TrustException | IllegalArgumentException e) {
            // Also a key in an entry that is none.
            return new Unsound(String.valueOf(e.getMessage()));
        }
    }

    /** What the log says of its keys; what else it says is looked at later. */
    private static LogKeys keys(AuditLog log, Optional<VerifyingKey> otherwise) {
        Optional<LogKeys> keys = Optional.empty();
        long index = 0;
        for (byte[] entry : (Iterable<byte[]>) LogPages.entries(log)::iterator) {
            Optional<ConsortiumEvent> event = event(entry);
            if (event.orElse(null) instanceof Founded founded && keys.isEmpty()) {
                keys = Optional.of(LogKeys.of(new VerifyingKey(founded.coordinatorKey())));
            } else if (event.orElse(null) instanceof CoordinatorMoved moved) {
                long size = index;
                keys = keys.map(known -> known.then(size, new VerifyingKey(moved.key())));
            }
            index++;
        }
        return keys.or(() -> otherwise.map(LogKeys::of))
                .orElseThrow(() ->
                        new CoordinatorException(
                                CoordinatorException.Code.LOG,
                                "the first entry of the log is no founding"));
    }

    private static Optional<ConsortiumEvent> event(byte[] entry) {
        try {
            return Optional.of(CanonicalJson.read(entry, ConsortiumEvent.class));
        } catch (TrustException _) {
            return Optional.empty();
        }
    }

    private static VerifyLog replayed(AuditLog log, Path directory, Verdict.Whole whole) {
        LogAudit audit = new LogAudit(log.origin(), beside(directory));
        for (byte[] entry :
                (Iterable<byte[]>) LogPages.entries(log).limit(whole.size())::iterator) {
            Optional<BadEntry> bad = audit.next(entry);
            if (bad.isPresent()) {
                return new Unsound(bad.get().text());
            }
        }
        return audit.state()
                .<VerifyLog>map(state -> new Sound(whole, state))
                .orElseGet(() -> new Unsound("the log is empty: no consortium was founded"));
    }

    private static LogAudit.Evidence beside(Path directory) {
        return new LogAudit.Evidence() {
            @Override
            public Optional<MoveAgreement> move(Digest agreement) {
                try (SharedFiles shared = Stores.readableFiles(directory)) {
                    Path moves = new CoordinatorDirectory(directory).moves();
                    return new Moves(moves, shared).find(agreement);
                }
            }

            @Override
            public Optional<byte[]> contribution(Digest envelope) {
                return Optional.empty(); // verify merge looks at them
            }
        };
    }
}
