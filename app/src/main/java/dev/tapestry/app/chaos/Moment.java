package dev.tapestry.app.chaos;

import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.node.NodeUpdate;
import dev.tapestry.node.NodeUpdate.Phase;

/** A transition of a round, as it can be seen from outside. */
enum Moment {
    ANNOUNCED("round announced"),
    RECEIVING("base on its way to the node"),
    PACKING_TEXT("corpus being packed"),
    TRAINING("second step trained"),
    PACKING_UPDATE("update being coded"),
    SENDING("contribution being sent"),
    UPLOADING("contribution half arrived"),
    CONTRIBUTED("contribution admitted"),
    ONE_ADMITTED("some contributions admitted"),
    MERGE_DUE("all admitted, merge due"),
    MERGING("merge half written"),
    CANDIDATE("candidate announced"),
    CANDIDATE_RECEIVING("candidate on its way to the node"),
    SCORING("candidate being scored"),
    SCORED("score accepted"),
    ONE_SCORED("some scores accepted"),
    PUBLISHED("base published"),
    BELIEVED("base verified by the node");

    private final String title;

    Moment(String title) {
        this.title = title;
    }

    /** As people read it. */
    String title() {
        return title;
    }

    /** Whether it has come. */
    boolean isIn(Sight sight) {
        return switch (this) {
            case ANNOUNCED -> sight.hasBegun();
            case RECEIVING -> sight.began(Phase.RECEIVING, "base");
            case PACKING_TEXT -> sight.began(Phase.PACKING, "the corpus");
            case TRAINING -> sight.steps() >= 2;
            case PACKING_UPDATE -> sight.began(Phase.PACKING, "the update");
            case SENDING -> sight.began(Phase.SENDING, "");
            case UPLOADING -> sight.uploading();
            case CONTRIBUTED -> sight.tells(NodeUpdate.Contributed.class);
            case ONE_ADMITTED -> sight.is(RoundView.Phase.COLLECTING) && sight.done() > 0;
            case MERGE_DUE -> sight.is(RoundView.Phase.MERGING);
            case MERGING -> sight.merging();
            case CANDIDATE -> sight.is(RoundView.Phase.SCORING);
            case CANDIDATE_RECEIVING -> sight.began(Phase.RECEIVING, "candidate");
            case SCORING -> sight.began(Phase.SCORING, "");
            case SCORED -> sight.tells(NodeUpdate.Scored.class);
            case ONE_SCORED -> sight.is(RoundView.Phase.SCORING) && sight.done() > 0;
            case PUBLISHED -> sight.over();
            case BELIEVED -> sight.tells(NodeUpdate.BaseBelieved.class);
        };
    }

    /** Whether it will not come any more in the round. */
    boolean isPast(Sight sight) {
        // A node that looks away for a moment learns of the base with the next round.
        return this == BELIEVED ? sight.longOver() : sight.over();
    }

    /** Whether the round's base is there by then, so that the next round has to show something. */
    boolean comesAfterBase() {
        return this == PUBLISHED || this == BELIEVED;
    }
}
