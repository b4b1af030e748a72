package dev.tapestry.app.study.simulation;

import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.Overlap;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.RoundPlan;
import java.time.Instant;
import java.util.Optional;

/**
 * When a member trains, on the virtual clock. Where rounds overlap it goes on with the first steps
 * of the next round, from the end of its training until they are done, whatever else the member
 * does; only while the member scores it stands still, for both take the same processor.
 *
 * <p>Steps ahead are of the round with the next number, as if the current one gave a base. If it
 * gives none, or the member had no part in the one after it, they are dropped when the member
 * trains again, at once, and all of its steps are done then: as in a node, which only ends the step
 * that it is doing.
 */
final class VirtualTrainer {

    private final MemberId member;
    private final double secondsPerStep;
    private final Agenda agenda;
    private final Tally tally;
    private boolean measured;
    private Optional<Ahead> ahead = Optional.empty();

    /** Steps ahead, of a round before which so many bases are published. */
    private record Ahead(RoundNumber round, int published, Instant end, Tally.Training training) {

        boolean isOf(RoundPlan plan, int publishedBefore) {
            return round.equals(plan.round()) && published == publishedBefore;
        }
    }

    VirtualTrainer(MemberId member, double secondsPerStep, Agenda agenda, Tally tally) {
        this.member = member;
        this.secondsPerStep = secondsPerStep;
        this.agenda = agenda;
        this.tally = tally;
    }

    /** The steps that it does in a round: with a pace by its own speed, once it has trained. */
    int steps(RoundPlan plan) {
        int most = plan.training().steps();
        return plan.pace()
                .map(pace -> measured ? pace.steps(secondsPerStep, most) : pace.leastSteps())
                .orElse(most);
    }

    /**
     * Trains now that the base is there.
     *
     * @param published bases before the round
     * @param steps of the round in all
     * @return seconds from now until they are done
     */
    double train(RoundPlan plan, int published, int steps) {
        Optional<Ahead> begun = ahead.filter(own -> own.isOf(plan, published));
        if (begun.isEmpty()) {
            ahead.ifPresent(other -> other.training().endsInVain(agenda.seconds()));
        }
        ahead = Optional.empty();
        double wait = begun.map(own -> agenda.secondsUntil(own.end())).orElse(0.0);
        int left = steps - begun.flatMap(_ -> plan.overlap()).map(Overlap::steps).orElse(0);
        double seconds = left * secondsPerStep;
        tally.trains(member, plan.round(), agenda.seconds() + wait, seconds);
        measured = true;
        return wait + seconds;
    }

    /**
     * Trains the steps ahead, if the plan has some, after a round that is not the last.
     *
     * @param published bases before that round
     * @param in seconds from now, when that round's steps are done
     */
    void goOn(RoundPlan plan, int published, double in) {
        ahead =
                plan.overlap()
                        .map(overlap -> {
                            double seconds = overlap.steps() * secondsPerStep;
                            RoundNumber next = plan.round().next();
                            return new Ahead(
                                    next,
                                    published + 1,
                                    agenda.after(in + seconds),
                                    tally.trains(member, next, agenda.seconds() + in, seconds));
                        });
    }

    /** Stands still for so long from now on; nothing where no steps ahead are being done. */
    void pause(double seconds) {
        ahead =
                ahead.map(own -> {
                    if (!own.end().isAfter(agenda.instant())) {
                        return own;
                    }
                    own.training().pauses(agenda.seconds(), seconds);
                    double left = agenda.secondsUntil(own.end());
                    return new Ahead(
                            own.round(),
                            own.published(),
                            agenda.after(seconds + left),
                            own.training());
                });
    }
}
