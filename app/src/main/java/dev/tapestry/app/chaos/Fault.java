package dev.tapestry.app.chaos;

import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * Something that is done to a consortium in a round.
 *
 * @param victim what is killed
 * @param moment when; empty for an instant that is drawn
 * @param instant where no moment is given: so far into a round, as a fraction of an undisturbed one
 */
record Fault(Victim victim, Optional<Moment> moment, double instant) {

    static Fault at(Victim victim, Moment moment) {
        return new Fault(victim, Optional.of(moment), 0);
    }

    static Fault drawn(RandomGenerator random) {
        List<Victim> victims = List.of(Victim.values());
        Victim victim = victims.get(random.nextInt(victims.size()));
        return new Fault(victim, Optional.empty(), random.nextDouble());
    }

    /** When, as people read it. */
    String when() {
        return moment.map(Moment::title)
                .orElseGet(() -> "at %.0f %% of a round's time".formatted(100 * instant));
    }
}
