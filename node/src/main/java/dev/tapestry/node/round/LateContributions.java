package dev.tapestry.node.round;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.node.NodeUpdate.Phase;
import java.time.Instant;
import java.util.Optional;

/** Contributions whose round had closed before they were in. */
record LateContributions(Outbox outbox, LogWitness witness, Courier courier, RoundDiary diary) {

    /** Until when contributions to a round that has closed are taken, if they are. */
    static Optional<Instant> until(RoundView view, RoundNumber round) {
        return view.late().stream()
                .filter(window -> window.round().equals(round))
                .map(RoundView.LateWindow::until)
                .findFirst();
    }

    /**
     * Brings what was ready after its round had closed.
     *
     * @return what stands for this member in the round that collects, if anything does
     */
    Optional<Outbox.Parcel> standing(RoundPlan plan, RoundView view) {
        Optional<Digest> merged = witness.merged();
        return view.late().stream()
                .map(RoundView.LateWindow::round)
                .filter(earlier -> earlier.compareTo(plan.round()) < 0)
                .flatMap(earlier -> outbox.find(earlier).stream())
                .filter(parcel -> !merged.equals(Optional.of(parcel.contribution())))
                .filter(parcel -> isTaken(parcel, plan))
                .findFirst();
    }

    private boolean isTaken(Outbox.Parcel parcel, RoundPlan plan) {
        RoundNumber earlier = parcel.manifest().round();
        diary.begins(
                Phase.SENDING,
                plan.round(),
                "the contribution to round %s, %s".formatted(earlier, parcel.size()));
        return switch (courier.offer(parcel)) {
            case Courier.Delivery.Admitted _ -> true;
            case Courier.Delivery.Later _ -> false;
            case Courier.Delivery.Refused refused -> {
                outbox.drop(earlier); // too late: this member trains in this round, as others do
                diary.declines(earlier, Setback.of(refused.breakage()));
                yield false;
            }
        };
    }
}
