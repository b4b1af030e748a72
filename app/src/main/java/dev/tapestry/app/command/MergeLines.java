package dev.tapestry.app.command;

import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.consortium.protocol.RoundView;
import java.util.Optional;

/** One short line for each merge that is seen, however many views tell of it. */
final class MergeLines {

    private Optional<RoundNumber> told = Optional.empty();

    /** The line of a view's merge; empty where there is none, or it was told. */
    Optional<String> of(RoundView view) {
        Optional<RoundNumber> round = view.plan().map(RoundPlan::round);
        if (round.isEmpty() || view.figures().isEmpty() || round.equals(told)) {
            return Optional.empty();
        }
        told = round;
        return view.figures()
                .map(figures ->
                        "round %s  updates: %s"
                                .formatted(round.orElseThrow(), figures.whole().line()));
    }
}
