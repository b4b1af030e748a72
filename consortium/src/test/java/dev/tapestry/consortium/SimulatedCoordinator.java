package dev.tapestry.consortium;

import dev.tapestry.consortium.RoundInput.MergeFailed;
import dev.tapestry.consortium.RoundInput.Merged;
import dev.tapestry.consortium.RoundInput.TimePassed;
import dev.tapestry.consortium.RoundState.Merging;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * A coordinator that is killed between deciding and applying, before or after its events were
 * written, and that comes back with nothing but its log.
 */
final class SimulatedCoordinator {

    static final Duration LONGEST_MERGE = Duration.ofHours(1);

    private final VirtualClock clock;
    private final SplittableRandom random;
    private final double killRate;
    private final List<ConsortiumEvent> log;
    private final Auditor auditor = new Auditor();
    private final Runnable changed;
    private Optional<Consortium> memory = Optional.empty();
    private Optional<Instant> nextTick = Optional.empty();
    private Optional<RoundNumber> merging = Optional.empty();
    private Duration disturbance = LONGEST_MERGE;
    private int life;

    SimulatedCoordinator(
            VirtualClock clock,
            SplittableRandom random,
            List<ConsortiumEvent> history,
            double killRate,
            Runnable changed) {
        this.clock = clock;
        this.random = random;
        this.killRate = killRate;
        this.changed = changed;
        log = new ArrayList<>(history);
        auditor.observe(history, disturbance);
    }

    List<ConsortiumEvent> log() {
        return List.copyOf(log);
    }

    /** What a member sees; empty while the coordinator is down. */
    Optional<Consortium> view() {
        return memory;
    }

    void start() {
        life++;
        nextTick = Optional.empty();
        merging = Optional.empty();
        Consortium replayed = Consortium.replay(log);
        auditor.agreesWith(replayed);
        memory = Optional.of(replayed);
        proceed();
        changed.run();
    }

    /** Decides, writes, applies. False where the caller gets no answer and has to ask again. */
    boolean write(Function<Consortium, List<ConsortiumEvent>> decision) {
        if (memory.isEmpty()) {
            return false;
        }
        List<ConsortiumEvent> events = decision.apply(memory.get());
        if (events.isEmpty()) {
            return true;
        }
        if (random.nextDouble() < killRate) {
            die();
            return false;
        }
        log.addAll(events);
        auditor.observe(events, disturbance);
        if (random.nextDouble() < killRate) {
            die();
            return false;
        }
        Consortium after = memory.get().applyAll(events);
        auditor.agreesWith(after);
        memory = Optional.of(after);
        proceed();
        changed.run();
        return true;
    }

    private void die() {
        memory = Optional.empty();
        Duration pause = Duration.ofMinutes(random.nextInt(1, random.nextInt(4) == 0 ? 2400 : 30));
        disturbance = disturbance.plus(pause).plus(LONGEST_MERGE);
        clock.after(pause, this::start);
    }

    private void proceed() {
        Consortium now = memory.orElseThrow();
        now.round().flatMap(RoundState::deadline).ifPresent(this::tickAt);
        if (now.round().orElse(null) instanceof Merging state
                && !merging.equals(Optional.of(state.number()))) {
            merging = Optional.of(state.number());
            int merger = life;
            clock.after(
                    Duration.ofMinutes(random.nextInt((int) LONGEST_MERGE.toMinutes())),
                    () -> merge(state, merger));
        }
        if (!now.round().map(RoundState::awaited).orElse(List.of()).isEmpty()) {
            now.charter().lease().ifPresent(lease -> clock.after(lease, () -> listen(now)));
        }
        now.betweenRounds(clock.now())
                .ifPresent(event ->
                        write(c -> c.betweenRounds(clock.now()).map(List::of).orElse(List.of())));
    }

    private void tickAt(Instant deadline) {
        if (nextTick.equals(Optional.of(deadline))) {
            return;
        }
        nextTick = Optional.of(deadline);
        int ticker = life;
        clock.at(
                deadline,
                () -> {
                    if (ticker == life) {
                        write(c -> c.decide(new TimePassed(clock.now())));
                    }
                });
    }

    /** Some of those who were awaited have not been heard of, perhaps all. */
    private void listen(Consortium then) {
        Set<MemberId> silent =
                then.round().map(RoundState::awaited).orElse(List.of()).stream()
                        .filter(_ -> random.nextInt(4) > 0)
                        .collect(Collectors.toSet());
        if (memory.isPresent()) {
            write(c -> c.decide(new RoundInput.Silent(silent, clock.now())));
        }
    }

    private void merge(Merging state, int merger) {
        if (merger != life) {
            return;
        }
        write(c ->
                c.decide(
                        random.nextInt(25) == 0
                                ? new MergeFailed("the disk is full", clock.now())
                                : new Merged(FairMerge.of(state, c.charter()), clock.now())));
    }
}
