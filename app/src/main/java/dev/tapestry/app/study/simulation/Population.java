package dev.tapestry.app.study.simulation;

import dev.tapestry.app.study.simulation.SimulationPlan.Line;
import dev.tapestry.app.study.simulation.SimulationPlan.Members;
import dev.tapestry.consortium.RoundNumber;

/**
 * Who the members are, by their places: how fast, on which line, and when they are away. Drawn from
 * the seed alone, so that all variants have the same.
 */
record Population(Members members, long seed) {

    private static final double BITS_PER_MEGABYTE = 8e-6;

    /**
     * One member's machine and line.
     *
     * @param secondsPerStep of its training
     * @param downMbits megabits per second
     * @param upMbits megabits per second
     * @param latencySeconds before each exchange
     */
    record Profile(double secondsPerStep, double downMbits, double upMbits, double latencySeconds) {

        double secondsDown(long bytes) {
            return latencySeconds + bytes * BITS_PER_MEGABYTE / downMbits;
        }

        double secondsUp(long bytes) {
            return latencySeconds + bytes * BITS_PER_MEGABYTE / upMbits;
        }
    }

    Profile profile(int place) {
        double speed =
                Lots.logNormal(Lots.at(seed, Lots.Of.SPEED, place, 0), members.speedSpread());
        Line line = members.line();
        double rate = Lots.logNormal(Lots.at(seed, Lots.Of.LINE, place, 0), line.spread());
        return new Profile(
                members.secondsPerStep() / speed,
                line.downMbits() * rate,
                line.upMbits() * rate,
                line.latencyMillis() / 1e3);
    }

    /** Whether a member is away in a round: it went with this one, or with one shortly before. */
    boolean away(int place, RoundNumber round) {
        return members.absence()
                .map(absence -> {
                    int first = Math.max(1, round.value() - absence.rounds() + 1);
                    for (int gone = first; gone <= round.value(); gone++) {
                        double lot = Lots.at(seed, Lots.Of.ABSENCE, place, gone).nextDouble();
                        if (lot < absence.probability()) {
                            return true;
                        }
                    }
                    return false;
                })
                .orElse(false);
    }
}
