package dev.tapestry.app.chaos;

import dev.tapestry.app.chaos.disk.DiskFault;
import dev.tapestry.app.demo.DemoMember;
import dev.tapestry.app.process.Programs;
import dev.tapestry.consortium.Digest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.function.Consumer;

/**
 * A run for a time, in which processes, disks and files fail as a seed draws it, one in each round,
 * while the lines of all nodes break all the time.
 */
final class Storm {

    private final ChaosRun run;
    private final Path directory;
    private final Path shippedBase;
    private final Consumer<String> progress;

    /** A storm in an empty directory. */
    Storm(ChaosRun run, Path directory, Path shippedBase, Consumer<String> progress) {
        this.run = run;
        this.directory = directory;
        this.shippedBase = shippedBase;
        this.progress = progress;
    }

    /** Runs for {@code time}, then the undisturbed run for as many rounds, and compares. */
    StormReport run(String commit, Duration time) throws InterruptedException {
        ChaosRun.Beginning beginning = run.beginning(directory, shippedBase);
        Apparatus apparatus = new Apparatus(true, true, false);
        try (Programs programs = new Programs()) {
            progress.accept("a few rounds that nobody disturbs");
            try (Twin twin =
                            Twin.begin(
                                    directory.resolve("undisturbed"),
                                    programs,
                                    run,
                                    apparatus,
                                    beginning,
                                    progress);
                    ChaosConsortium consortium =
                            ChaosConsortium.found(
                                    directory.resolve("disturbed"),
                                    programs,
                                    run.members(),
                                    apparatus,
                                    beginning.base(),
                                    beginning.corpora())) {
                long start = System.nanoTime();
                Map<Tally, Integer> counts = new EnumMap<>(Tally.class);
                int last;
                try (LineWeather weather = LineWeather.over(consortium, run)) {
                    last = storm(consortium, twin, start + time.toNanos(), counts);
                    weather.end();
                    weather.counts()
                            .forEach((what, count) -> counts.merge(what, count, Integer::sum));
                }
                consortium.finish(last);
                Aftermath aftermath = consortium.aftermath();
                double minutes = (System.nanoTime() - start) / 60e9;
                progress.accept("the undisturbed run goes on to round %d".formatted(last));
                SortedMap<Integer, Digest> undisturbed = twin.until(last).headMap(last + 1);
                SortedMap<Integer, Digest> bases = aftermath.bases().headMap(last + 1);
                progress.accept("verifying all logs, and the last merge");
                return StormReport.of(
                        commit,
                        run,
                        minutes,
                        last,
                        counts,
                        aftermath.lost(),
                        bases.equals(undisturbed),
                        bases.lastEntry().getValue(),
                        aftermath.verify(last));
            }
        }
    }

    private int storm(ChaosConsortium consortium, Twin twin, long until, Map<Tally, Integer> counts)
            throws InterruptedException {
        SplittableRandom random = new SplittableRandom(run.seed());
        List<Fault> disks = new ArrayList<>();
        for (Victim victim : List.of(Victim.COORDINATOR, Victim.NODE)) {
            disks.addAll(DiskFaults.of(victim, twin.operations(victim), run.seed()));
        }
        Disturber disturber = new Disturber(consortium, run.members(), twin.secondsPerRound());
        consortium.begin(run.plan());
        consortium.lookout().awaitBase(1);
        int round = 2;
        while (System.nanoTime() < until) {
            Fault fault = drawn(random, disks);
            DemoMember node = run.members().get(random.nextInt(run.members().size()));
            Optional<Disturber.Struck> struck = disturber.strike(round, fault, node);
            int shows = struck.map(Disturber.Struck::shows).orElse(round);
            consortium.lookout().awaitBase(shows);
            if (struck.isPresent()) {
                counts.merge(Tally.of(fault), 1, Integer::sum);
                progress.accept(
                        "round %3d  %s (%s): %s"
                                .formatted(shows, fault.victim().title(), node.id(), fault.told()));
            }
            round = consortium.lookout().round();
        }
        return round;
    }

    private static Fault drawn(SplittableRandom random, List<Fault> disks) {
        int kind = random.nextInt(10);
        if (kind < 4) {
            return Fault.Kill.drawn(random);
        }
        if (kind < 8) {
            return disks.get(random.nextInt(disks.size()));
        }
        DamagedFile[] files = DamagedFile.values();
        return new Fault.Damage(files[random.nextInt(files.length)]);
    }

    /** What is counted. */
    enum Tally {
        KILLS,
        POWER_CUTS,
        FULL_DISKS,
        READ_ONLY_DISKS,
        CORRUPTIONS,
        CUTS,
        STALLS,
        SLOW;

        static Tally of(Fault fault) {
            return switch (fault) {
                case Fault.Disk disk -> of(disk.order().fault());
                case Fault.Damage damage -> CORRUPTIONS;
                case Fault.Kill kill -> KILLS;
                case Fault.Line line -> CUTS;
                case Fault.Clock clock -> KILLS;
                case Fault.Hold hold -> STALLS;
            };
        }

        private static Tally of(DiskFault fault) {
            return switch (fault) {
                case RECORD, KILL, TEAR -> KILLS;
                case POWER_CUT -> POWER_CUTS;
                case FULL -> FULL_DISKS;
                case READ_ONLY -> READ_ONLY_DISKS;
                case FLIP -> CORRUPTIONS;
            };
        }
    }
}
