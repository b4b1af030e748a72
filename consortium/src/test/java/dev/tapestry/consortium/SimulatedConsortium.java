package dev.tapestry.consortium;

import dev.tapestry.consortium.ConsortiumEvent.RunEnded;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * A whole consortium in virtual time, with everything that goes wrong; the same seed, the same log.
 */
final class SimulatedConsortium {

    private static final int MOST_STEPS = 20_000;

    private final VirtualClock clock = new VirtualClock();
    private final SplittableRandom random;
    private final List<SimulatedMember> members = new ArrayList<>();
    private final SimulatedCoordinator coordinator;
    private final RunPlan run;
    private final double trouble;
    private int enrolled;
    private boolean enrolling;

    SimulatedConsortium(long seed) {
        random = new SplittableRandom(seed);
        int founders = random.nextInt(1, 9);
        int quorum = random.nextInt(1, founders + 1);
        RunPlan plan = Sample.run(random.nextInt(1, 5));
        trouble = random.nextInt(4) == 0 ? 0 : random.nextDouble(0.3);
        Charter charter = charter(quorum);
        boolean buffers = charter.late().isPresent() && random.nextBoolean();
        run = buffers ? plan.buffering(quorum + random.nextInt(3)) : plan;
        coordinator =
                new SimulatedCoordinator(
                        clock,
                        random.split(),
                        Sample.history(
                                charter,
                                run,
                                IntStream.range(0, founders)
                                        .mapToObj(SimulatedConsortium::name)
                                        .toArray(MemberId[]::new)),
                        random.nextInt(3) == 0 ? 0 : random.nextDouble(0.05),
                        this::changed);
        for (enrolled = 0; enrolled < founders; enrolled++) {
            join(name(enrolled));
        }
        if (random.nextBoolean()) {
            enrolling = true;
            clock.after(Duration.ofHours(random.nextInt(100)), this::enrol);
        }
    }

    /** Lives until nothing more happens, and gives the log. */
    List<ConsortiumEvent> live() {
        coordinator.start();
        for (int steps = 0; clock.step(); steps++) {
            if (steps == MOST_STEPS) {
                throw new AssertionError("no end after " + steps + " steps");
            }
        }
        List<ConsortiumEvent> log = coordinator.log();
        if (log.stream().noneMatch(RunEnded.class::isInstance)) {
            throw new AssertionError("deadlock: nothing is left to happen after " + log.getLast());
        }
        return log;
    }

    private Charter charter(int quorum) {
        List<Weighting> weightings = List.of(Weighting.values());
        return new Charter(
                        "Simulated",
                        weightings.get(random.nextInt(weightings.size())),
                        random.nextDouble(1.0 / quorum, 1 + Math.ulp(1.0)),
                        quorum,
                        Duration.ofHours(random.nextInt(4, 48)),
                        Duration.ofHours(random.nextInt(1, 8)),
                        16,
                        0.5,
                        random.nextDouble(0.1),
                        1000)
                .withStragglers(
                        maybe(Duration.ofHours(random.nextInt(1, 6))),
                        maybe(
                                new LateRule(
                                        Duration.ofHours(random.nextInt(1, 48)),
                                        random.nextInt(1, 4),
                                        random.nextDouble(2))));
    }

    private <T> Optional<T> maybe(T value) {
        return random.nextBoolean() ? Optional.of(value) : Optional.empty();
    }

    private static MemberId name(int index) {
        return new MemberId("member-" + index);
    }

    private void join(MemberId id) {
        SimulatedMember member =
                new SimulatedMember(id, clock, random.split(), coordinator, trouble);
        members.add(member);
        if (random.nextDouble() < trouble) {
            clock.after(Duration.ofHours(random.nextInt(1, 100)), () -> revoke(id));
        }
    }

    private void revoke(MemberId id) {
        if (!coordinator.write(c -> c.revocation(id, "it was agreed", clock.now()))) {
            clock.after(Duration.ofHours(1), () -> revoke(id));
        }
    }

    /** All long polls answer; a run that waits for members gets another one. */
    private void changed() {
        for (SimulatedMember member : members) {
            clock.after(Duration.ofSeconds(random.nextInt(1, 60)), member::look);
        }
        boolean waits =
                coordinator
                        .view()
                        .filter(c -> c.run().isPresent())
                        .filter(c -> c.round().stream().allMatch(RoundState::over))
                        .isPresent();
        if (waits && !enrolling) {
            enrolling = true;
            clock.after(Duration.ofHours(1), this::enrol);
        }
    }

    private void enrol() {
        MemberId id = name(enrolled);
        if (coordinator.write(c -> Sample.enrolment(id, clock.now()))) {
            enrolled++;
            enrolling = false;
            join(id);
            changed();
        } else {
            clock.after(Duration.ofHours(1), this::enrol);
        }
    }
}
