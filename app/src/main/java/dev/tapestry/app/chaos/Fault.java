package dev.tapestry.app.chaos;

import dev.tapestry.app.chaos.disk.DiskOrder;
import dev.tapestry.app.line.FaultyLine;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/** Something that is done to a consortium in a round. */
sealed interface Fault {

    /** Whom it strikes. */
    Victim victim();

    /** What is done, as people read it. */
    String what();

    /** When, as people read it. */
    String when();

    /** What and when, in one go. */
    default String told() {
        return what() + ", " + when();
    }

    /**
     * Processes end at once.
     *
     * @param moment when; empty for an instant that is drawn
     * @param instant where no moment is given: so far into a round, as a fraction of an undisturbed
     *     one
     */
    record Kill(Victim victim, Optional<Moment> moment, double instant) implements Fault {

        static Kill at(Victim victim, Moment moment) {
            return new Kill(victim, Optional.of(moment), 0);
        }

        static Kill drawn(RandomGenerator random) {
            List<Victim> victims = List.of(Victim.values());
            Victim victim = victims.get(random.nextInt(victims.size()));
            return new Kill(victim, Optional.empty(), random.nextDouble());
        }

        @Override
        public String what() {
            return "killed";
        }

        @Override
        public String when() {
            return moment.map(Moment::title)
                    .orElseGet(() -> "at %.0f %% of a round's time".formatted(100 * instant));
        }
    }

    /** A disk fails at one of its operations. */
    record Disk(Victim victim, DiskOrder order) implements Fault {

        @Override
        public String told() {
            return what() + " " + when();
        }

        @Override
        public String what() {
            return order.fault().title();
        }

        @Override
        public String when() {
            return "%s %s%s"
                    .formatted(
                            order.operation().title(),
                            order.place(),
                            order.occurrence() == 1 ? "" : ", number " + order.occurrence());
        }
    }

    /** A file changes where it lies. */
    record Damage(DamagedFile file) implements Fault {

        @Override
        public Victim victim() {
            return file.victim();
        }

        @Override
        public String what() {
            return "a byte changed";
        }

        @Override
        public String when() {
            return file.title();
        }
    }

    /**
     * The line of a node breaks.
     *
     * @param bytes after so many, counted from the round's beginning
     */
    record Line(FaultyLine.Trouble trouble, long bytes) implements Fault {

        @Override
        public Victim victim() {
            return Victim.NODE;
        }

        @Override
        public String what() {
            return switch (trouble) {
                case NONE -> "nothing";
                case CUT -> "line cut";
                case FLIP -> "a byte changed on the line";
                case STALL -> "line stands still";
            };
        }

        @Override
        public String when() {
            return "after %,d bytes of the round".formatted(bytes);
        }
    }

    /** A clock is set in the middle of a round, and later set right. */
    record Clock(Victim victim, Duration step) implements Fault {

        @Override
        public String what() {
            return "clock set by %+d h".formatted(step.toHours());
        }

        @Override
        public String when() {
            return Moment.TRAINING.title();
        }
    }

    /** Something else gets hold of what a process needs, for some seconds. */
    record Hold(Held held) implements Fault {

        @Override
        public Victim victim() {
            return held.victim();
        }

        @Override
        public String what() {
            return held.title();
        }

        @Override
        public String when() {
            return Moment.TRAINING.title();
        }
    }
}
