package dev.tapestry.consortium;

import dev.tapestry.consortium.RoundInput.Contributed;
import dev.tapestry.consortium.RoundInput.Refusal;
import dev.tapestry.consortium.RoundInput.Scored;
import dev.tapestry.consortium.RoundInput.Unsound;
import dev.tapestry.consortium.RoundState.Collecting;
import dev.tapestry.consortium.RoundState.Scoring;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * A member with a speed of its own, that crashes, forgets, repeats itself, and now and then sends
 * what it should not.
 */
final class SimulatedMember {

    /** What a member may do wrong with one contribution. */
    enum Mischief {
        NONE,
        TWICE,
        ANOTHER,
        STALE,
        WRONG_BASE,
        WRONG_PLAN,
        OVERTRAINED,
        TOO_LARGE,
        BAD_LOSS,
        NOT_A_NUMBER,
        REPLAYED,
        COPIED
    }

    private static final Duration RETRY = Duration.ofMinutes(10);
    private static final int ATTEMPTS = 3;

    private final MemberId id;
    private final VirtualClock clock;
    private final SplittableRandom random;
    private final SimulatedCoordinator coordinator;
    private final double trouble;
    private final double speed;
    private Optional<RoundNumber> training = Optional.empty();
    private Optional<RoundNumber> scoring = Optional.empty();
    private Digest lastWeights = Sample.digest("nothing yet");
    private int attempts;
    private int life;
    private boolean down;

    SimulatedMember(
            MemberId id,
            VirtualClock clock,
            SplittableRandom random,
            SimulatedCoordinator coordinator,
            double trouble) {
        this.id = id;
        this.clock = clock;
        this.random = random;
        this.coordinator = coordinator;
        this.trouble = trouble;
        speed = Math.exp(random.nextGaussian() * 0.7);
    }

    /** The long poll has answered. */
    void look() {
        if (!down) {
            coordinator.view().flatMap(Consortium::round).ifPresent(this::take);
        }
    }

    private void take(RoundState state) {
        switch (state) {
            case Collecting round when isNew(round, training) -> {
                training = Optional.of(round.number());
                attempts = 0;
                train(round);
            }
            case Scoring round when isNew(round, scoring) -> {
                scoring = Optional.of(round.number());
                if (random.nextDouble() >= trouble) {
                    later(hours(1), () -> score(round, drawScore()));
                }
            }
            case RoundState other -> {}
        }
    }

    private boolean isNew(RoundState round, Optional<RoundNumber> busyWith) {
        boolean uninvited = !round.plan().invited().contains(id);
        return (round.awaited().contains(id) || (uninvited && random.nextDouble() < trouble))
                && !busyWith.equals(Optional.of(round.number()));
    }

    private void train(Collecting round) {
        if (attempts++ >= ATTEMPTS) {
            return;
        }
        later(hours(8), () -> offer(round, draw()));
    }

    private void offer(Collecting round, Mischief mischief) {
        ContributionManifest manifest = manifest(round.plan(), mischief);
        Digest weights = weights(round, mischief);
        if (mischief == Mischief.STALE) {
            later(Duration.ofHours(30), () -> seal(round, manifest, weights, mischief));
            return;
        }
        Optional<Refusal> refusal =
                coordinator
                        .view()
                        .flatMap(c -> c.refusal(manifest, weights, _ -> Sample.PLAN, clock.now()));
        if (refusal.isPresent()) {
            coordinator.write(c -> c.decide(new Unsound(id, refusal.get(), clock.now())));
            train(round);
            return;
        }
        later(hours(0.5), () -> seal(round, manifest, weights, mischief));
        if (mischief == Mischief.TWICE) {
            later(hours(4), () -> seal(round, manifest, weights, mischief));
        }
        if (mischief == Mischief.ANOTHER) {
            Digest other = Sample.digest("another than " + weights);
            later(hours(2), () -> seal(round, manifest, other, mischief));
        }
    }

    private void seal(
            Collecting round, ContributionManifest manifest, Digest weights, Mischief mischief) {
        boolean answered = coordinator.write(c -> c.decide(judge(c, manifest, weights, mischief)));
        if (!answered) {
            later(RETRY, () -> seal(round, manifest, weights, mischief));
            return;
        }
        Optional<Instant> waits =
                coordinator.view().flatMap(c -> c.waitsUntil(manifest.round(), id, clock.now()));
        if (waits.isPresent()) {
            later(hours(1), () -> seal(round, manifest, weights, mischief));
            return;
        }
        boolean admitted =
                coordinator.view().flatMap(Consortium::round).stream()
                        .anyMatch(state -> state.admitted().containsKey(id));
        if (admitted) {
            lastWeights = weights;
        } else {
            train(round);
        }
    }

    private RoundInput judge(
            Consortium c, ContributionManifest manifest, Digest weights, Mischief mischief) {
        Optional<Refusal> refusal = c.refusal(manifest, weights, _ -> Sample.PLAN, clock.now());
        if (refusal.isPresent()) {
            return new Unsound(id, refusal.get(), clock.now());
        }
        if (mischief == Mischief.NOT_A_NUMBER) {
            return new Unsound(id, new Refusal(Finding.NON_FINITE, "NaN"), clock.now());
        }
        Contribution contribution =
                new Contribution(
                        id,
                        Sample.digest(manifest.toString()),
                        weights,
                        manifest.tokens(),
                        Optional.of(manifest.steps()),
                        manifest.trainingBitsPerByte(),
                        0.1);
        return new Contributed(contribution.with(c.lateness(manifest.round())), clock.now());
    }

    private void score(Scoring round, Score score) {
        boolean answered =
                coordinator.write(c ->
                        c.round().map(RoundState::number).equals(Optional.of(round.number()))
                                ? c.decide(new Scored(id, score, clock.now()))
                                : List.of());
        if (!answered || random.nextDouble() < trouble) {
            later(RETRY, () -> score(round, drawScore()));
        }
    }

    private ContributionManifest manifest(RoundPlan plan, Mischief mischief) {
        LocalTraining training = plan.training();
        return new ContributionManifest(
                plan.round(),
                id,
                mischief == Mischief.WRONG_BASE ? Sample.digest("another base") : plan.base(),
                mischief == Mischief.WRONG_PLAN ? Sample.digest("another plan") : Sample.PLAN,
                Sample.weights(id.value(), mischief == Mischief.TOO_LARGE ? 1001 : 1000),
                mischief == Mischief.OVERTRAINED
                        ? Long.MAX_VALUE
                        : random.nextLong(1, training.tokensPerRound() + 1),
                training.steps(),
                mischief == Mischief.BAD_LOSS ? 17 : 2);
    }

    private Digest weights(Collecting round, Mischief mischief) {
        return switch (mischief) {
            case REPLAYED -> lastWeights;
            case COPIED ->
                    coordinator.view().stream()
                            .flatMap(c -> c.contributedWeights().stream().sorted())
                            .findFirst()
                            .orElse(lastWeights);
            // Training is deterministic: from the same base come the same weights.
            case NONE,
                    TWICE,
                    ANOTHER,
                    STALE,
                    WRONG_BASE,
                    WRONG_PLAN,
                    OVERTRAINED,
                    TOO_LARGE,
                    BAD_LOSS,
                    NOT_A_NUMBER ->
                    Sample.digest(id + " from " + round.plan().base() + " try " + attempts);
        };
    }

    private Score drawScore() {
        return new Score(2 + 0.1 * random.nextGaussian(), 2.05, 1000);
    }

    private Mischief draw() {
        Mischief[] all = Mischief.values();
        return random.nextDouble() < trouble ? all[random.nextInt(all.length)] : Mischief.NONE;
    }

    private Duration hours(double median) {
        double hours = median / speed * Math.exp(random.nextGaussian() * 0.3);
        return Duration.ofSeconds((long) (hours * 3600));
    }

    /** Does it after a while, unless the node has crashed until then: then it has forgotten. */
    private void later(Duration delay, Runnable action) {
        int then = life;
        clock.after(
                delay,
                () -> {
                    if (then != life) {
                        return;
                    }
                    if (random.nextDouble() < trouble / 4) {
                        crash();
                    } else {
                        action.run();
                    }
                });
    }

    private void crash() {
        life++;
        down = true;
        training = Optional.empty();
        scoring = Optional.empty();
        clock.after(
                Duration.ofMinutes(random.nextInt(1, 1200)),
                () -> {
                    down = false;
                    look();
                });
    }
}
