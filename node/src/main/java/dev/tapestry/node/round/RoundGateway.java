package dev.tapestry.node.round;

import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.StopSignal;
import dev.tapestry.node.box.BoxAnswer;
import dev.tapestry.node.box.BoxAnswer.Work;
import dev.tapestry.node.box.BoxLabel;
import dev.tapestry.node.box.DropBox;
import dev.tapestry.node.egress.CoordinatorClient;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * A member's part in rounds where this node has the network and the keys, and another machine the
 * computing: what a round asks for goes into a {@link DropBox}, what comes back is checked as a
 * trainer's output is, packed, signed and sent as any contribution.
 *
 * <p>Each step can be cut off anywhere and done again.
 */
public final class RoundGateway {

    private final CoordinatorClient client;
    private final BoxLabel label;
    private final DropBox box;
    private final BoxFetch fetch;
    private final BoxSubmission submission;
    private final ModelShelf shelf;
    private final Relocation relocation;
    private final StopSignal stop;

    RoundGateway(
            CoordinatorClient client,
            BoxLabel label,
            DropBox box,
            BoxFetch fetch,
            BoxSubmission submission,
            ModelShelf shelf,
            Relocation relocation,
            StopSignal stop) {
        this.client = client;
        this.label = label;
        this.box = box;
        this.fetch = fetch;
        this.submission = submission;
        this.shelf = shelf;
        this.relocation = relocation;
        this.stop = stop;
    }

    /** What a look at the loop led to. */
    public sealed interface Fetched {
        /**
         * The box holds what is to be done.
         *
         * @param deadline when it is of no use any more
         * @param before whether it held that already
         */
        record Ready(RoundNumber round, Work work, Optional<Instant> deadline, boolean before)
                implements Fetched {}

        /** Nothing is awaited from this member. */
        record Nothing(String why) implements Fetched {}
    }

    /**
     * Puts into the box what the loop waits for from this member. What lies there for a round that
     * has closed, and is still taken, stays.
     *
     * @throws NodeException {@code NOT_A_BOX}, {@code OTHER_MEMBER}; {@code POLICY}; {@code
     *     NOT_PROVEN}, {@code SPLIT_VIEW}; {@code STORAGE}; {@code MOVED}: open the node anew
     */
    public Fetched fetch() {
        box.claim(label);
        RoundView view = now();
        Optional<RoundView.LateWindow> closed = closed(view).filter(_ -> box.isDone());
        if (closed.isPresent()) {
            return new Fetched.Nothing(
                    "%s holds what was trained for round %s, which is taken until %s: submit it first, or delete its done.json"
                            .formatted(box.path(), closed.get().round(), closed.get().until()));
        }
        Fetched fetched = fetch(view);
        shelf.tidy(view);
        return fetched;
    }

    /**
     * Brings what lies in the box to the coordinator.
     *
     * @return the coordinator's word, now or at an earlier try; it also lies in the box
     * @throws NodeException {@code MOVED}: open the node anew; {@code NOT_A_BOX}, {@code
     *     OTHER_MEMBER}, {@code STALE_ROUND}, {@code BOX_INCOMPLETE}, {@code BOX_DAMAGED}, {@code
     *     TRAINER_OUTPUT}: nothing was sent
     */
    public BoxAnswer submit() {
        box.requireOf(label);
        return submit(now());
    }

    private RoundView now() {
        return relocation.following(() -> stop.interruptibly(() -> client.round(0, Duration.ZERO)));
    }

    /** The same for this state of the loop; what is published is looked up and believed. */
    Fetched fetch(RoundView view) {
        return fetch.fetch(view);
    }

    /** The same for this state of the loop. */
    BoxAnswer submit(RoundView view) {
        return submission.submit(view);
    }

    /** Until when the box's job is taken whose round has closed, until there is an answer to it. */
    Optional<RoundView.LateWindow> closed(RoundView view) {
        return submission.closed(view);
    }
}
