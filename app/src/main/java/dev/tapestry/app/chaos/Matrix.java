package dev.tapestry.app.chaos;

import static dev.tapestry.app.chaos.Moment.ANNOUNCED;
import static dev.tapestry.app.chaos.Moment.BELIEVED;
import static dev.tapestry.app.chaos.Moment.CANDIDATE;
import static dev.tapestry.app.chaos.Moment.CANDIDATE_RECEIVING;
import static dev.tapestry.app.chaos.Moment.CONTRIBUTED;
import static dev.tapestry.app.chaos.Moment.MERGE_DUE;
import static dev.tapestry.app.chaos.Moment.MERGING;
import static dev.tapestry.app.chaos.Moment.ONE_ADMITTED;
import static dev.tapestry.app.chaos.Moment.ONE_SCORED;
import static dev.tapestry.app.chaos.Moment.PACKING_TEXT;
import static dev.tapestry.app.chaos.Moment.PACKING_UPDATE;
import static dev.tapestry.app.chaos.Moment.PUBLISHED;
import static dev.tapestry.app.chaos.Moment.RECEIVING;
import static dev.tapestry.app.chaos.Moment.SCORED;
import static dev.tapestry.app.chaos.Moment.SCORING;
import static dev.tapestry.app.chaos.Moment.SENDING;
import static dev.tapestry.app.chaos.Moment.TRAINING;
import static dev.tapestry.app.chaos.Moment.UPLOADING;

import dev.tapestry.app.line.FaultyLine;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Who is killed when. */
final class Matrix {

    private static final List<Moment> OF_COORDINATOR =
            List.of(
                    ANNOUNCED,
                    TRAINING,
                    UPLOADING,
                    ONE_ADMITTED,
                    MERGE_DUE,
                    MERGING,
                    CANDIDATE,
                    ONE_SCORED,
                    PUBLISHED);

    private static final List<Moment> OF_NODE =
            List.of(
                    RECEIVING,
                    PACKING_TEXT,
                    TRAINING,
                    PACKING_UPDATE,
                    SENDING,
                    CONTRIBUTED,
                    CANDIDATE_RECEIVING,
                    SCORING,
                    SCORED,
                    BELIEVED);

    private static final List<Moment> OF_BOTH =
            List.of(ANNOUNCED, TRAINING, SENDING, UPLOADING, CONTRIBUTED, MERGING, SCORING, SCORED);

    private static final int LINE_TRIALS = 3;

    /** Less than what a node sends and receives in a round. */
    private static final long LINE_BYTES = 1_500_000;

    private Matrix() {}

    /** Each victim at each of its moments, then so many instants drawn from {@code seed}. */
    static List<Fault> of(List<Victim> victims, int drawn, long seed) {
        List<Fault> faults = new ArrayList<>();
        for (Victim victim : victims) {
            moments(victim).forEach(moment -> faults.add(Fault.Kill.at(victim, moment)));
        }
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < drawn; i++) {
            faults.add(Fault.Kill.drawn(random));
        }
        return List.copyOf(faults);
    }

    /** So many faults of disks, of all that the operations of an undisturbed round allow. */
    static List<Fault> ofDisks(Twin twin, int count, long seed) {
        List<Fault> all = new ArrayList<>();
        if (count > 0) {
            for (Victim victim : List.of(Victim.COORDINATOR, Victim.NODE)) {
                all.addAll(DiskFaults.of(victim, twin.operations(victim), seed));
            }
        }
        return DiskFaults.sample(all, count, seed);
    }

    /**
     * Every commit of every log.
     *
     * @throws ChaosException {@code CAME_TO_NOTHING} if none was seen of somebody who must have
     *     some
     */
    static List<Fault> ofCommits(Twin twin, long seed) {
        List<Fault> all = new ArrayList<>();
        for (Victim victim : List.of(Victim.COORDINATOR, Victim.NODE)) {
            List<Fault> faults = DiskFaults.atCommits(victim, twin.operations(victim), seed);
            if (faults.isEmpty()) {
                throw new ChaosException(
                        ChaosException.Code.CAME_TO_NOTHING,
                        "no commit of the %s's log was seen in a round; is SQLite's driver another one?"
                                .formatted(victim.title()));
            }
            all.addAll(faults);
        }
        return all;
    }

    /** What else can be asked for, each kind once. */
    static List<Fault> others(
            boolean damage, boolean lines, boolean held, boolean clocks, long seed) {
        List<Fault> faults = new ArrayList<>();
        if (damage) {
            List.of(DamagedFile.values()).forEach(file -> faults.add(new Fault.Damage(file)));
        }
        if (lines) {
            SplittableRandom random = new SplittableRandom(seed);
            for (FaultyLine.Trouble trouble : FaultyLine.Trouble.values()) {
                if (trouble != FaultyLine.Trouble.NONE) {
                    for (int i = 0; i < LINE_TRIALS; i++) {
                        faults.add(new Fault.Line(trouble, random.nextLong(1, LINE_BYTES)));
                    }
                }
            }
        }
        if (held) {
            List.of(Held.values()).forEach(thing -> faults.add(new Fault.Hold(thing)));
        }
        if (clocks) {
            for (Victim victim : List.of(Victim.COORDINATOR, Victim.NODE)) {
                faults.add(new Fault.Clock(victim, Duration.ofDays(1)));
                faults.add(new Fault.Clock(victim, Duration.ofDays(-1)));
            }
        }
        return faults;
    }

    private static List<Moment> moments(Victim victim) {
        return switch (victim) {
            case COORDINATOR -> OF_COORDINATOR;
            case NODE -> OF_NODE;
            case BOTH -> OF_BOTH;
        };
    }
}
