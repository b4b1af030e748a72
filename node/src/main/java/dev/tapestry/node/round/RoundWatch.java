package dev.tapestry.node.round;

import dev.tapestry.consortium.Charter;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.LateRule;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.consortium.protocol.ConsortiumView;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.StopSignal;
import dev.tapestry.node.egress.CoordinatorClient;
import dev.tapestry.node.egress.Reply;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Asks the coordinator, while this member trains, whether what comes out will still be taken, and
 * calls the work off once it will not: the round went on without this member, was given up, or was
 * stopped with its run. A charter that takes contributions late gives the work that much longer.
 *
 * <p>What counts is the coordinator's word. Where it cannot be asked, a round is over once its
 * deadline has passed, and the time in which it could come late: a coordinator that comes back then
 * closes the round.
 */
final class RoundWatch {

    private static final System.Logger LOG = System.getLogger(RoundWatch.class.getName());

    /** What takes no longer is over before it could be called off. */
    private static final Duration UNWATCHED = Duration.ofSeconds(1);

    /** A question stays open so long, also at the coordinator when the work ends before. */
    private static final Duration POLL = Duration.ofSeconds(20);

    private static final Duration PAUSE = Duration.ofSeconds(5);

    private final CoordinatorClient client;
    private final StopSignal stop;
    private final InstantSource clock;

    /** What the charter says, once it was asked; it never changes. */
    private volatile Optional<Charter> charter = Optional.empty();

    RoundWatch(CoordinatorClient client, StopSignal stop, InstantSource clock) {
        this.client = client;
        this.stop = stop;
        this.clock = clock;
    }

    /**
     * Does work for the round that {@code view} shows, as long as there is somebody who wants it.
     *
     * @throws NodeException {@code ROUND_OVER}, with the reason; what {@code work} throws
     */
    <T> T during(RoundView view, Supplier<T> work) {
        RoundPlan plan = view.plan().orElseThrow();
        Digest digest = view.planDigest().orElseThrow();
        try (StopSignal.Work watched = stop.begin()) {
            Thread thread =
                    Thread.ofVirtual()
                            .name("round-watch")
                            .start(() -> watch(plan, digest, view.version(), watched));
            try {
                return work.get();
            } finally {
                end(thread);
            }
        }
    }

    /** What it asks is broken off, so this is short; its receipt is written then. */
    @SuppressWarnings("ThreadJoinLoop") // what it advises is Guava, which the node does without
    private static void end(Thread thread) {
        thread.interrupt();
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void watch(RoundPlan plan, Digest digest, long seen, StopSignal.Work watched) {
        long after = seen;
        try {
            Thread.sleep(UNWATCHED);
            while (true) {
                try {
                    learnCharter();
                    RoundView now = client.roundOnce(after, POLL);
                    after = now.version();
                    Optional<String> over = over(now, plan.round(), digest, clock.instant());
                    if (over.isPresent()) {
                        watched.callOff(over(plan.round(), over.get()));
                        return;
                    }
                } catch (NodeException e) {
                    if (e.code() == Code.STOPPED) {
                        return; // the work has ended
                    }
                    if (e.code() == Code.REVOKED) {
                        stop.end(e);
                        return;
                    }
                    unheard(plan, watched, e);
                } catch (IOException | RuntimeException e) {
                    unheard(plan, watched, e);
                }
            }
        } catch (InterruptedException e) {
            // the work has ended
        }
    }

    /** What hinders the asking is told by whoever sends the outcome; the work goes on meanwhile. */
    private void unheard(RoundPlan plan, StopSignal.Work watched, Exception why)
            throws InterruptedException {
        Instant end =
                charter.flatMap(Charter::late)
                        .map(LateRule::window)
                        .map(plan.closesAt()::plus)
                        .orElse(plan.closesAt());
        LOG.log(System.Logger.Level.DEBUG, "round {0} cannot be watched: {1}", plan.round(), why);
        if (clock.instant().isAfter(end)) {
            watched.callOff(
                    over(
                            plan.round(),
                            "what comes after %s is not taken, and the coordinator cannot be asked (%s)"
                                    .formatted(end, why.getMessage())));
        }
        Thread.sleep(PAUSE);
    }

    private void learnCharter() throws IOException {
        if (charter.isEmpty()
                && client.consortiumOnce()
                        instanceof Reply.Given<ConsortiumView>(ConsortiumView view)) {
            charter = Optional.of(view.charter());
        }
    }

    private static NodeException over(RoundNumber round, String why) {
        return new NodeException(
                Code.ROUND_OVER, "round %s is over without this node: %s".formatted(round, why));
    }

    /** Why nothing is taken any more that is trained for a round; empty where it is. */
    static Optional<String> over(RoundView now, RoundNumber round, Digest plan, Instant at) {
        boolean same = now.planDigest().equals(Optional.of(plan));
        if (same && now.phase() == Phase.COLLECTING) {
            return Optional.empty();
        }
        Optional<Instant> late = LateContributions.until(now, round);
        if (late.isPresent()) {
            return late.filter(at::isAfter)
                    .map(until -> "what came late was taken until %s".formatted(until));
        }
        return Optional.of(same ? said(now) : wentOn(now));
    }

    private static String said(RoundView now) {
        return switch (now.phase()) {
            case IDLE, COLLECTING -> "the coordinator takes nothing for it";
            case MERGING -> "it closed, and what had come is being merged";
            case SCORING -> "it closed, and its candidate is being scored";
            case PUBLISHED -> "it closed, and its base is published";
            case ROLLED_BACK -> "it closed, and its candidate was rolled back: " + now.reason();
            case ABANDONED -> now.reason();
        };
    }

    private static String wentOn(RoundView now) {
        return now.plan()
                .map(plan -> "round %s is under way".formatted(plan.round()))
                .orElse("the coordinator knows of no round");
    }
}
