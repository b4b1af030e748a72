package dev.tapestry.coordinator;

import dev.tapestry.aggregation.AggregationException;
import dev.tapestry.aggregation.weighting.Apportionment;
import dev.tapestry.aggregation.weighting.Apportionment.Apportioned;
import dev.tapestry.aggregation.weighting.Apportionment.Refused;
import dev.tapestry.consortium.Consortium;
import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.RoundInput;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.RoundState;
import dev.tapestry.consortium.RoundState.Merging;
import dev.tapestry.coordinator.CoordinatorException.Code;
import dev.tapestry.objects.ObjectsException;
import dev.tapestry.weights.WeightsException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * Looks at the state and does what it asks for: announces rounds, closes them at their deadlines,
 * merges. What is to be done follows from the state alone, so a coordinator that was killed goes on
 * where its log ends.
 */
final class RoundDesk implements Runnable {

    private static final System.Logger LOG = System.getLogger(RoundDesk.class.getName());

    /** No wait is longer, so that a clock that was set is noticed. */
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(10);

    /** How often in a lease it is looked who is silent. */
    private static final int LOOKS_A_LEASE = 10;

    private static final Duration PAUSE_AFTER_FAILURE = Duration.ofSeconds(10);
    private static final int MERGE_ATTEMPTS = 3;

    private final Ledger ledger;
    private final MergeWork work;
    private final Retention retention;
    private final UploadDesk uploads;
    private final PresenceBoard presence;
    private final WorkBoard board;
    private final InstantSource clock;
    private final int mergeThreads;
    private final CompletableFuture<CoordinatorException> failure;
    private volatile boolean stopped;
    private int failedMerges;

    /**
     * A desk that is not at work yet.
     *
     * @param failure completed when the desk had to end for good
     */
    RoundDesk(
            Ledger ledger,
            MergeWork work,
            Retention retention,
            UploadDesk uploads,
            PresenceBoard presence,
            WorkBoard board,
            InstantSource clock,
            int mergeThreads,
            CompletableFuture<CoordinatorException> failure) {
        this.ledger = ledger;
        this.work = work;
        this.retention = retention;
        this.uploads = uploads;
        this.presence = presence;
        this.board = board;
        this.clock = clock;
        this.mergeThreads = mergeThreads;
        this.failure = failure;
    }

    /** Ends the loop when the duty at hand is done. */
    void stop() {
        stopped = true;
    }

    @Override
    public void run() {
        while (!stopped && !failure.isDone()) {
            Ledger.Snapshot now = ledger.snapshot();
            try {
                if (!duty(now.consortium())) {
                    ledger.await(now.version(), untilDue(now.consortium()));
                }
            } catch (InterruptedException e) {
                return;
            } catch (RuntimeException e) {
                if (!stopped && !failure.isDone()) {
                    LOG.log(
                            System.Logger.Level.ERROR,
                            "the round desk failed and tries again in " + PAUSE_AFTER_FAILURE,
                            e);
                    presence.hindered(
                            passes(e) ? ApiCode.STORAGE : ApiCode.INTERNAL,
                            "what is due in the round could not be done; it is tried again");
                    pause(now);
                }
            } catch (Error e) {
                end(e);
                return;
            }
        }
    }

    /** No memory, or a mapped page that the disk did not give: only a new process can go on. */
    private void end(Error error) {
        LOG.log(System.Logger.Level.ERROR, "the round desk ends", error);
        ledger.stop();
        failure.complete(
                new CoordinatorException(
                        Code.FAILED,
                        "the round desk ended, start the coordinator again and it goes on where the log ends: "
                                + error,
                        error));
    }

    /** Does what is due; false when nothing is. */
    private boolean duty(Consortium state) {
        Instant now = clock.instant();
        if (state.betweenRounds(now).isPresent()) {
            state.round().ifPresent(_ -> purge(state));
            return wrote(s -> s.betweenRounds(now).stream().toList());
        }
        Optional<RoundState> round = state.round();
        if (round.isEmpty() || round.get().over()) {
            return false;
        }
        uploads.forgetAllBut(openRounds(state, round.get()));
        if (round.get() instanceof Merging merging) {
            merge(merging, state);
            return true;
        }
        return wrote(s -> s.decide(new RoundInput.TimePassed(now, presence.heard(s))))
                || wrote(this::lapse);
    }

    private List<ConsortiumEvent> lapse(Consortium state) {
        return state.charter()
                .lease()
                .map(lease ->
                        state.decide(
                                new RoundInput.Silent(
                                        presence.silentFor(lease, state), clock.instant())))
                .orElse(List.of());
    }

    private static Set<RoundNumber> openRounds(Consortium state, RoundState round) {
        Set<RoundNumber> open = new TreeSet<>(state.closedRounds().keySet());
        open.add(round.number());
        return open;
    }

    /**
     * A file that cannot be deleted costs room, not the run; the next round's purge tries again.
     */
    private void purge(Consortium state) {
        try {
            retention.purge(state, ledger.history());
        } catch (CoordinatorException | ObjectsException e) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "files of old rounds are not all deleted; look at their permissions",
                    e);
        }
    }

    private boolean wrote(Function<Consortium, List<ConsortiumEvent>> decide) {
        return !ledger.change(decide).events().isEmpty();
    }

    private void merge(Merging merging, Consortium state) {
        try {
            mergeAll(merging, state);
        } finally {
            board.end();
        }
    }

    private void mergeAll(Merging merging, Consortium state) {
        RoundRecord round =
                ledger.history()
                        .round(merging.number())
                        .orElseThrow()
                        .ofMembers(merging.admitted());
        SortedMap<MemberId, String> damaged = work.damaged(round, board);
        if (!damaged.isEmpty()) {
            damaged.forEach(this::askAgain);
            return;
        }
        RoundInput outcome = outcome(round, Apportionment.of(state.charter(), round.admitted()));
        if (!stopped) {
            ledger.change(consortium -> consortium.decide(outcome));
            failedMerges = 0;
            work.cleanUp(round);
        }
    }

    private void askAgain(MemberId member, String what) {
        wrote(state -> state.decide(new RoundInput.Lost(member, what, clock.instant())));
    }

    private RoundInput outcome(RoundRecord round, Apportionment apportionment) {
        return switch (apportionment) {
            case Refused(String detail) -> new RoundInput.MergeFailed(detail, clock.instant());
            case Apportioned weights -> {
                try {
                    yield new RoundInput.Merged(
                            work.merge(round, weights, mergeThreads, board), clock.instant());
                } catch (AggregationException | WeightsException | CoordinatorException e) {
                    if (passes(e) || ++failedMerges < MERGE_ATTEMPTS) {
                        throw e;
                    }
                    yield new RoundInput.MergeFailed(
                            "the merge failed %d times: %s".formatted(failedMerges, e.getMessage()),
                            clock.instant());
                }
            }
        };
    }

    /**
     * Whether it is the machine's doing, such as a full disk: the merge then waits until that is
     * mended, and loses no contribution. What lies in the files stays as it is.
     */
    private static boolean passes(RuntimeException failure) {
        return switch (failure) {
            case AggregationException merge -> merge.code() == AggregationException.Code.IO;
            case WeightsException weights ->
                    weights.code() == WeightsException.Code.IO
                            || weights.code() == WeightsException.Code.NO_SPACE;
            case CoordinatorException own -> own.code() == Code.STORAGE;
            default -> false;
        };
    }

    private Duration untilDue(Consortium state) {
        Duration longest =
                state.charter()
                        .lease()
                        .map(lease -> lease.dividedBy(LOOKS_A_LEASE))
                        .filter(look -> look.compareTo(LONGEST_WAIT) < 0)
                        .orElse(LONGEST_WAIT);
        return state.round()
                .flatMap(RoundState::deadline)
                .map(deadline -> Duration.between(clock.instant(), deadline))
                .filter(wait -> wait.compareTo(longest) < 0)
                .map(wait -> wait.isNegative() ? Duration.ZERO : wait.plusMillis(1))
                .orElse(longest);
    }

    private void pause(Ledger.Snapshot now) {
        try {
            ledger.await(now.version(), PAUSE_AFTER_FAILURE);
        } catch (InterruptedException e) {
            stopped = true;
        }
    }
}
