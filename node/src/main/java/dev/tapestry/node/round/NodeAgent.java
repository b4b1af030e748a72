package dev.tapestry.node.round;

import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.corpus.CorpusException;
import dev.tapestry.node.NodeEvent.Verdict;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.StopSignal;
import dev.tapestry.node.egress.CoordinatorClient;
import dev.tapestry.training.TrainingException;
import dev.tapestry.trust.TrustException;
import dev.tapestry.weights.WeightsException;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;

/**
 * A member's node at work: waits for news of the loop and takes part in what is open, until it is
 * stopped, revoked, or shown two histories.
 *
 * <p>It holds nothing in memory that it could not find again: killed at any point and started anew
 * it goes on where it was.
 */
public final class NodeAgent {

    /** Below the minute after which proxies close silent connections. */
    private static final Duration POLL = Duration.ofSeconds(50);

    private final CoordinatorClient client;
    private final RoundParticipant participant;
    private final RoundDiary diary;
    private final ModelShelf shelf;
    private final StopSignal stop;
    private final Set<String> declined = new HashSet<>();

    NodeAgent(
            CoordinatorClient client,
            RoundParticipant participant,
            RoundDiary diary,
            ModelShelf shelf,
            StopSignal stop) {
        this.client = client;
        this.participant = participant;
        this.diary = diary;
        this.shelf = shelf;
        this.stop = stop;
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
     * Works until it is stopped or {@code until} says so.
     *
     * @throws NodeException {@code STOPPED}, {@code REVOKED}, {@code TLS}, {@code SPLIT_VIEW},
     *     {@code COORDINATOR_REFUSED}, {@code STORAGE}
     */
    public void run(Until until) {
        try {
            follow(until);
        } finally {
            participant.rest();
        }
    }

    private void follow(Until until) {
        long version = 0; // a founded consortium has a higher one: the first answer comes at once
        while (true) {
            long after = version;
            RoundView view = stop.interruptibly(() -> client.round(after, POLL));
            work(view);
            version = view.version();
            if (until.done(view)) {
                return;
            }
        }
    }

    /** Does what one view asks for; a node that cannot take part says why, once, and goes on. */
    private void work(RoundView view) {
        RoundPlan plan = view.plan().orElse(null);
        String what = plan == null ? "" : plan.round() + " " + view.phase();
        if (declined.contains(what)) {
            return;
        }
        try {
            participant.takePart(view);
            shelf.tidy(view);
        } catch (NodeException | CorpusException | TrainingException | WeightsException e) {
            if (plan == null || fatal(e)) {
                if (plan != null) {
                    diary.declines(
                            plan.round(), verdict(e), code(e), String.valueOf(e.getMessage()));
                }
                throw e;
            }
            declined.add(what);
            diary.declines(plan.round(), verdict(e), code(e), String.valueOf(e.getMessage()));
        } catch (TrustException e) {
            // What is left of that room here is files of this node: its log, its notes.
            throw new NodeException(Code.STORAGE, String.valueOf(e.getMessage()), e);
        }
    }

    /** Whether waiting for the next round would not help. */
    private static boolean fatal(RuntimeException failure) {
        return failure instanceof NodeException known
                && switch (known.code()) {
                    case STOPPED,
                            REVOKED,
                            TLS,
                            SPLIT_VIEW,
                            STORAGE,
                            EGRESS_REFUSED,
                            CONFIG_INVALID,
                            NOT_ENROLLED,
                            ENROLLED_ELSEWHERE ->
                            true;
                    case POLICY,
                            WRONG_MODEL,
                            TRAINER_FAILED,
                            TRAINER_OUT_OF_TIME,
                            TRAINER_OUTPUT,
                            NOT_PROVEN,
                            COORDINATOR_REFUSED,
                            MALFORMED_REPLY,
                            DIGEST_MISMATCH ->
                            false;
                };
    }

    private static Verdict verdict(RuntimeException failure) {
        return failure instanceof NodeException known
                        && (known.code() == Code.NOT_PROVEN || known.code() == Code.SPLIT_VIEW)
                ? Verdict.BASE_NOT_BELIEVED
                : Verdict.DECLINES;
    }

    private static String code(RuntimeException failure) {
        return switch (failure) {
            case NodeException node -> node.code().name();
            case CorpusException corpus -> corpus.code().name();
            case TrainingException training -> training.code().name();
            case WeightsException weights -> weights.code().name();
            default -> failure.getClass().getSimpleName();
        };
    }
}
