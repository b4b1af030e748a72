package dev.tapestry.app.chaos;

import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.node.NodeUpdate;
import dev.tapestry.node.NodeUpdate.Phase;
import java.util.function.Predicate;

/** A transition of a round, as it can be seen from outside. */
enum Moment {
    ANNOUNCED("round announced", Sight::hasBegun),
    RECEIVING("base on its way to the node", sight -> sight.began(Phase.RECEIVING, "base")),
    PACKING_TEXT("corpus being packed", sight -> sight.began(Phase.PACKING, "the corpus")),
    TRAINING("second step trained", sight -> sight.steps() >= 2),
    PACKING_UPDATE("update being coded", sight -> sight.began(Phase.PACKING, "the update")),
    SENDING("contribution being sent", sight -> sight.began(Phase.SENDING, "")),
    UPLOADING("contribution half arrived", Sight::uploading),
    CONTRIBUTED("contribution admitted", sight -> sight.tells(NodeUpdate.Contributed.class)),
    ONE_ADMITTED(
            "some contributions admitted",
            sight -> sight.is(RoundView.Phase.COLLECTING) && sight.done() > 0),
    MERGE_DUE("all admitted, merge due", sight -> sight.is(RoundView.Phase.MERGING)),
    MERGING("merge half written", Sight::merging),
    CANDIDATE("candidate announced", sight -> sight.is(RoundView.Phase.SCORING)),
    CANDIDATE_RECEIVING(
            "candidate on its way to the node", sight -> sight.began(Phase.RECEIVING, "candidate")),
    SCORING("candidate being scored", sight -> sight.began(Phase.SCORING, "")),
    SCORED("score accepted", sight -> sight.tells(NodeUpdate.Scored.class)),
    ONE_SCORED(
            "some scores accepted", sight -> sight.is(RoundView.Phase.SCORING) && sight.done() > 0),
    PUBLISHED("base published", Sight::over),
    BELIEVED("base verified by the node", sight -> sight.tells(NodeUpdate.BaseBelieved.class));

    private final String title;
    private final Predicate<Sight> seen;

    Moment(String title, Predicate<Sight> seen) {
        this.title = title;
        this.seen = seen;
    }

    /** As people read it. */
    String title() {
        return title;
    }

    /** Whether it will not come any more in the round. */
    boolean isPast(Sight sight) {
        return this != BELIEVED && sight.over();
    }

    /** Whether the round's base is there by then, so that the next round has to show something. */
    boolean comesAfterBase() {
        return this == PUBLISHED || this == BELIEVED;
    }

    /** Whether it has come. */
    boolean isIn(Sight sight) {
        return seen.test(sight);
    }
}
