package dev.tapestry.app.chaos;

import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.node.NodeUpdate;
import java.util.List;
import java.util.Optional;

/**
 * What is to be seen of a round at one moment.
 *
 * @param round the one that is looked at
 * @param members how many there are
 * @param view what the coordinator says; empty while it does not answer
 * @param told by the node that may be killed, since the round began
 * @param uploading whether half the files of a contribution to this round have begun to arrive
 * @param merging whether half the files of this round's merge have begun to be written
 */
record Sight(
        int round,
        int members,
        Optional<RoundView> view,
        List<NodeUpdate> told,
        boolean uploading,
        boolean merging) {

    Sight {
        told = List.copyOf(told);
    }

    /** Whether this round is in {@code phase}. */
    boolean is(RoundView.Phase phase) {
        return here().filter(v -> v.phase() == phase).isPresent();
    }

    /** Whether it was announced. */
    boolean hasBegun() {
        return here().isPresent();
    }

    /** How many have done what the phase waits for. */
    int done() {
        return members - here().map(v -> v.awaited().size()).orElse(members);
    }

    private Optional<RoundView> here() {
        return view.filter(v -> v.plan().filter(p -> p.round().value() == round).isPresent());
    }

    /** Whether its base is published. */
    boolean over() {
        return view.filter(v -> is(RoundView.Phase.PUBLISHED) || last(v) > round).isPresent();
    }

    /** Whether the next round is under way. */
    boolean longOver() {
        return view.filter(v -> last(v) > round && v.phase() != RoundView.Phase.COLLECTING)
                .isPresent();
    }

    private static int last(RoundView view) {
        return view.plan().map(plan -> plan.round().value()).orElse(0);
    }

    /** Whether the node has begun something whose detail starts so. */
    boolean began(NodeUpdate.Phase phase, String detail) {
        return told.stream()
                .anyMatch(update ->
                        update instanceof NodeUpdate.Began began
                                && began.phase() == phase
                                && began.detail().startsWith(detail));
    }

    /** Whether the node has told something of this kind. */
    boolean tells(Class<? extends NodeUpdate> kind) {
        return told.stream().anyMatch(kind::isInstance);
    }

    /** Steps that the node has told of. */
    long steps() {
        return told.stream().filter(NodeUpdate.Stepped.class::isInstance).count();
    }
}
