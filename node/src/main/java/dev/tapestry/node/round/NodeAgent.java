package dev.tapestry.node.round;

import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.StopSignal;
import dev.tapestry.node.egress.CoordinatorClient;
import dev.tapestry.node.egress.RetryPolicy;
import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * A member's node at work: waits for news of the loop and takes part in what is open, until it is
 * stopped, revoked, or shown two histories. Nothing else ends it, also no failure that nobody
 * thought of: that is logged with its stack trace, told as what hinders the node, and tried again.
 *
 * <p>It holds nothing in memory that it could not find again: killed at any point and started anew
 * it goes on where it was.
 */
public final class NodeAgent {

    private static final System.Logger LOG = System.getLogger(NodeAgent.class.getName());

    /** A founded consortium has a higher version: the answer comes at once. */
    private static final long ANY = 0;

    private final CoordinatorClient client;
    private final Participant participant;
    private final RoundDiary diary;
    private final ModelShelf shelf;
    private final StopSignal stop;
    private final RetryPolicy retries;
    private final Relocation relocation;
    private final Set<String> givenUp = new HashSet<>();

    NodeAgent(
            CoordinatorClient client,
            Participant participant,
            RoundDiary diary,
            ModelShelf shelf,
            StopSignal stop,
            RetryPolicy retries,
            Relocation relocation) {
        this.client = client;
        this.participant = participant;
        this.diary = diary;
        this.shelf = shelf;
        this.stop = stop;
        this.retries = retries;
        this.relocation = relocation;
    }

    /** When an agent's work is done, apart from being stopped. */
    @FunctionalInterface
    public interface Until {
        /** Whether to return instead of waiting for what comes after {@code view}. */
        boolean done(RoundView view);

        /** Never: a node runs until it is stopped. */
        static Until stopped() {
            return view -> false;
        }

        /** When the current run is over. */
        static Until noRun() {
            return view ->
                    view.roundsPlanned() == 0
                            && view.phase() != RoundView.Phase.IDLE
                            && view.awaited().isEmpty();
        }
    }

    /**
     * Works until it is stopped or {@code until} says so. What may pass, it waits for: a
     * coordinator that is away, a wrong clock, an expired certificate, a full disk, a trainer that
     * fails, a fault of this program.
     *
     * @throws NodeException {@code MOVED}: open the node anew; {@code STOPPED}, {@code REVOKED},
     *     {@code SPLIT_VIEW}, {@code EGRESS_REFUSED}
     */
    public void run(Until until) {
        try {
            follow(until);
        } finally {
            participant.rest();
        }
    }

    private void follow(Until until) {
        long version = ANY;
        int setbacks = 0;
        Optional<RoundView> seen = Optional.empty();
        while (true) {
            long after = version;
            boolean atWork = false;
            try {
                relocation.followIfMoved();
                RoundView view = stop.interruptibly(() -> client.round(after, participant.poll()));
                seen = Optional.of(view);
                atWork = true;
                if (!givenUp.contains(phase(view))) {
                    participant.takePart(view);
                    shelf.tidy(view);
                }
                setbacks = 0;
                version = view.version();
            } catch (RuntimeException e) {
                if (e instanceof NodeException refused && relocation.isNotice(refused)) {
                    relocation.learn();
                }
                Setback setback = Setback.of(e);
                version = endure(atWork ? setback : setback.ofAsking(), e, seen, ++setbacks);
            }
            if (version != ANY && until.done(seen.orElseThrow())) {
                return;
            }
        }
    }

    /**
     * Waits, or gives a phase of a round up.
     *
     * @return after which version to look again
     */
    private long endure(
            Setback setback, RuntimeException failure, Optional<RoundView> seen, int setbacks) {
        Optional<RoundNumber> round = seen.flatMap(RoundView::plan).map(RoundPlan::round);
        if (setback.unforeseen()) {
            LOG.log(System.Logger.Level.ERROR, setback.code() + ": " + setback.reason(), failure);
        }
        switch (setback.outlook()) {
            case PASSING -> {
                Duration delay = retries.delay(setbacks);
                diary.hindered(round, setback, setbacks, delay);
                stop.interruptibly(() -> retries.rest(delay));
                return ANY; // the others may have gone on meanwhile
            }
            case LASTING -> {
                RoundView view = seen.orElseThrow(() -> failure);
                givenUp.add(phase(view));
                round.ifPresent(number -> diary.declines(number, setback));
                return view.version();
            }
            case FINAL ->
                    round.filter(_ -> !setback.code().equals(Code.STOPPED.name()))
                            .ifPresent(number -> diary.declines(number, setback));
        }
        throw failure;
    }

    private static String phase(RoundView view) {
        return view.plan().map(plan -> plan.round() + " " + view.phase()).orElse("");
    }
}
