package dev.tapestry.coordinator;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tapestry.consortium.Consortium;
import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.ConsortiumEvent.Founded;
import dev.tapestry.coordinator.CoordinatorException.Code;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.log.AuditLog;
import dev.tapestry.trust.signature.SigningKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The consortium's state and the log that it follows from: the only way to change anything.
 *
 * <p>An event is durable before it takes effect; after a restart the same events give the same
 * state. Thread-safe: one writes at a time, any number read and wait.
 */
final class Ledger implements AutoCloseable {

    private static final long PAGE = 1_000;

    private final AuditLog log;
    private final SigningKey key;
    private final RoundHistory history = new RoundHistory();
    private final BiConsumer<ConsortiumEvent, Consortium> told;
    private final CompletableFuture<CoordinatorException> failure;
    private final ReentrantLock lock = new ReentrantLock(true);
    private final Condition changed = lock.newCondition();
    private volatile Snapshot snapshot;
    private boolean closing;

    /**
     * The state after so many events.
     *
     * @param version number of events in the log
     * @param consortium their fold
     */
    record Snapshot(long version, Consortium consortium) {}

    /**
     * What a change did.
     *
     * @param events that were written; none where the change found nothing to do
     * @param after the state with them
     */
    record Change(List<ConsortiumEvent> events, Snapshot after) {}

    private Ledger(
            AuditLog log,
            SigningKey key,
            BiConsumer<ConsortiumEvent, Consortium> told,
            CompletableFuture<CoordinatorException> failure) {
        this.log = log;
        this.key = key;
        this.told = told;
        this.failure = failure;
        this.snapshot = replay(log, history::accept);
    }

    /**
     * Replays a log that begins with a founding; closes it with the ledger.
     *
     * @param key signs a checkpoint after each change
     * @param told is told each new event and the state after it
     * @param failure completed when the log and this state have parted: nothing is changed then
     * @throws CoordinatorException {@code LOG} if the entries tell no consortium
     */
    static Ledger open(
            AuditLog log,
            SigningKey key,
            BiConsumer<ConsortiumEvent, Consortium> told,
            CompletableFuture<CoordinatorException> failure) {
        return new Ledger(log, key, told, failure);
    }

    /** Begins an empty log. */
    static void found(AuditLog log, SigningKey key, Founded founding) {
        log.append(List.of(CanonicalJson.write(founding)));
        log.checkpoint(key);
    }

    /**
     * The fold of all entries.
     *
     * @param witness is shown each event but the founding, and the state before it; what it cannot
     *     accept it answers with an {@link IllegalArgumentException}
     * @throws CoordinatorException {@code LOG} if an entry is no event, or one that does not fit
     */
    static Snapshot replay(AuditLog log, BiConsumer<ConsortiumEvent, Consortium> witness) {
        long size = log.size();
        Consortium state = null;
        for (long from = 0; from < size; from += PAGE) {
            long index = from;
            for (byte[] entry : log.read(from, Math.min(size, from + PAGE))) {
                state = next(state, entry, index++, witness);
            }
        }
        if (state == null) {
            throw new CoordinatorException(Code.LOG, "the log is empty: no consortium was founded");
        }
        return new Snapshot(size, state);
    }

    private static Consortium next(
            @Nullable Consortium state,
            byte[] entry,
            long index,
            BiConsumer<ConsortiumEvent, Consortium> witness) {
        try {
            ConsortiumEvent event = CanonicalJson.read(entry, ConsortiumEvent.class);
            if (state == null) {
                return Consortium.replay(List.of(event));
            }
            witness.accept(event, state);
            return state.apply(event);
        } catch (TrustException | IllegalArgumentException e) {
            throw new CoordinatorException(
                    Code.LOG,
                    "entry "
                            + index
                            + " of the log is no event that fits there: "
                            + e.getMessage()
                            + "\n"
                            + new String(entry, UTF_8),
                    e);
        }
    }

    /** The state now. */
    Snapshot snapshot() {
        return snapshot;
    }

    /** All rounds until now. */
    RoundHistory history() {
        return history;
    }

    /** The log, for reading and proofs. */
    AuditLog log() {
        return log;
    }

    /**
     * Decides by the state, alone, writes what was decided, and lets it take effect.
     *
     * @throws CoordinatorException {@code STORAGE}: nothing has changed; {@code FAILED}: the log
     *     holds what this ledger does not know of, and it ends; {@code STEPPED_DOWN}: another
     *     coordinator writes the log, and it ends
     */
    Change change(Function<Consortium, List<ConsortiumEvent>> decide) {
        lock.lock();
        try {
            if (closing) {
                throw new ApiRefusal(ApiCode.CLOSING, "the coordinator is being stopped");
            }
            List<ConsortiumEvent> events = decide.apply(snapshot.consortium());
            if (!events.isEmpty()) {
                write(events);
            }
            return new Change(events, snapshot);
        } finally {
            lock.unlock();
        }
    }

    private void write(List<ConsortiumEvent> events) {
        // Folded first: an event that the rules refuse never reaches the log.
        List<Consortium> states = new ArrayList<>();
        Consortium before = snapshot.consortium();
        for (ConsortiumEvent event : events) {
            states.add((states.isEmpty() ? before : states.getLast()).apply(event));
        }
        long size;
        try {
            size =
                    log.append(
                            snapshot.version(), events.stream().map(CanonicalJson::write).toList());
        } catch (TrustException e) {
            throw switch (e.code()) {
                case LOG_MOVED_ON -> end(Code.FAILED, e);
                case LOG_LEASE_LOST -> end(Code.STEPPED_DOWN, e);
                default -> CoordinatorException.storage("write", "the log", e);
            };
        }
        for (int i = 0; i < events.size(); i++) {
            history.accept(events.get(i), i == 0 ? before : states.get(i - 1));
        }
        snapshot = new Snapshot(size, states.getLast());
        changed.signalAll();
        for (int i = 0; i < events.size(); i++) {
            told.accept(events.get(i), states.get(i));
        }
        sign();
    }

    /** Another coordinator leads: nothing is changed any more. */
    void stepDown(TrustException why) {
        end(Code.STEPPED_DOWN, why);
    }

    private CoordinatorException end(Code code, TrustException cause) {
        CoordinatorException end =
                new CoordinatorException(code, String.valueOf(cause.getMessage()), cause);
        failure.complete(end);
        stop();
        return end;
    }

    private void sign() {
        try {
            log.checkpoint(key);
        } catch (TrustException e) {
            // The events are safe; the next checkpoint covers them too.
            System.getLogger(Ledger.class.getName())
                    .log(System.Logger.Level.WARNING, "the log's checkpoint was not kept", e);
        }
    }

    /** A signed checkpoint of the log as it is now. */
    String checkpoint() {
        lock.lock();
        try {
            return log.latestCheckpoint()
                    .filter(note -> note.text().contains("\n" + log.size() + "\n"))
                    .orElseGet(() -> log.checkpoint(key))
                    .toString();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits for a version above {@code after}.
     *
     * @return the state then, or as it is when {@code atMost} has passed or the ledger closes
     */
    Snapshot await(long after, Duration atMost) throws InterruptedException {
        long left = atMost.toNanos();
        lock.lock();
        try {
            while (snapshot.version() <= after && left > 0 && !closing) {
                left = changed.awaitNanos(left);
            }
            return snapshot;
        } finally {
            lock.unlock();
        }
    }

    /** Ends all waiting and refuses changes from now on. */
    void stop() {
        lock.lock();
        try {
            closing = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Finishes the current append and closes the log. */
    @Override
    public void close() {
        stop();
        try {
            if (lock.tryLock(30, TimeUnit.SECONDS)) {
                lock.unlock();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        log.close();
    }
}
