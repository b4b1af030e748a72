package dev.tapestry.app.study.churn;

import dev.tapestry.app.study.simulation.Agenda;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.consortium.RoundState;
import java.time.Duration;
import java.util.Optional;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * A member as its node behaves: it trains for the round that collects, keeps what is not admitted
 * yet, and sends that before it trains again. Where it goes away it goes on later where it was.
 */
final class ChurnMember {

    private static final double SEND = 0.02;
    private static final double SCORE = 0.05;

    private final MemberId id;
    private final ChurnConsortium consortium;
    private final Agenda agenda;
    private final SplittableRandom random;
    private final ChurnSettings settings;
    private final double speed;
    private final boolean flapping;
    private boolean up = true;
    private double upSince;
    private double upSeconds;
    private double busySeconds;
    private double advanced;
    private @Nullable Task task;
    private double taskSince;
    private int life;
    private int parcels;
    private Optional<Parcel> made = Optional.empty();

    /** Something that takes seconds of being there. */
    private record Task(double seconds, Runnable then) {}

    /**
     * A contribution.
     *
     * @param plan that it was trained by
     * @param number of all that this member has made
     */
    record Parcel(RoundPlan plan, int number) {}

    ChurnMember(
            MemberId id,
            ChurnConsortium consortium,
            Agenda agenda,
            SplittableRandom random,
            ChurnSettings settings,
            boolean flapping) {
        this.id = id;
        this.consortium = consortium;
        this.agenda = agenda;
        this.random = random;
        this.settings = settings;
        this.flapping = flapping;
        this.speed = Math.exp(settings.spread() * random.nextGaussian());
        if (flapping) {
            agenda.in(exponential(seconds(settings.up())), this::leave);
        }
    }

    double speed() {
        return speed;
    }

    /** Whether it makes headway, or has until this moment. */
    boolean silentFor(double seconds) {
        return !(up && task != null) && agenda.seconds() - advanced >= seconds;
    }

    /** The share of its time there in which it did nothing. */
    double idleShare() {
        double there = upSeconds + (up ? agenda.seconds() - upSince : 0);
        double busy = busySeconds + (up && task != null ? agenda.seconds() - taskSince : 0);
        return there == 0 ? 0 : 1 - busy / there;
    }

    /** How many it has made. */
    int contributions() {
        return parcels;
    }

    /** What it has made and not delivered. */
    Optional<Parcel> underWay() {
        return made;
    }

    /** The state has changed, or the member is there again. */
    void look() {
        if (!up || task != null) {
            return;
        }
        if (!consortium.awaits(id)) {
            return;
        }
        switch (consortium.state().round().orElseThrow()) {
            case RoundState.Collecting collecting when made.isPresent() ->
                    begin(SEND, this::deliver);
            case RoundState.Collecting collecting -> begin(1, () -> trained(collecting.plan()));
            case RoundState.Scoring scoring ->
                    begin(SCORE, () -> consortium.score(id, scoring.number()));
            case RoundState other -> {}
        }
    }

    private void trained(RoundPlan plan) {
        made = Optional.of(new Parcel(plan, ++parcels));
        begin(SEND, this::deliver);
    }

    private void deliver() {
        Parcel parcel = made.orElseThrow();
        switch (consortium.offer(id, parcel)) {
            case ADMITTED, REFUSED -> made = Optional.empty();
            case LATER -> {} // it is kept
        }
    }

    /** The round that had taken it was given up: it may come again. */
    void givenBack(Parcel parcel) {
        made = Optional.of(parcel);
    }

    private void begin(double trainings, Runnable then) {
        double median = trainings * seconds(settings.training()) / speed;
        start(new Task(median * Math.exp(0.2 * random.nextGaussian()), then));
    }

    private void start(Task next) {
        task = next;
        taskSince = agenda.seconds();
        int then = ++life;
        agenda.in(
                next.seconds(),
                () -> {
                    if (life == then) {
                        pause();
                        task = null;
                        next.then().run();
                        look();
                    }
                });
    }

    private void pause() {
        busySeconds += agenda.seconds() - taskSince;
        advanced = agenda.seconds();
    }

    private void leave() {
        if (task != null) {
            Task rest = new Task(task.seconds() - (agenda.seconds() - taskSince), task.then());
            pause();
            task = rest;
            life++;
        }
        up = false;
        upSeconds += agenda.seconds() - upSince;
        agenda.in(exponential(seconds(settings.down())), this::comeBack);
    }

    private void comeBack() {
        up = true;
        upSince = agenda.seconds();
        if (task != null) {
            start(task);
        }
        look();
        if (flapping) {
            agenda.in(exponential(seconds(settings.up())), this::leave);
        }
    }

    private static double seconds(Duration duration) {
        return duration.toMillis() / 1e3;
    }

    private double exponential(double mean) {
        return -mean * Math.log(1 - random.nextDouble());
    }
}
