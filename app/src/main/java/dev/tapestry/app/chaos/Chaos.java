package dev.tapestry.app.chaos;

import dev.tapestry.app.demo.DemoMember;
import dev.tapestry.app.process.Programs;
import dev.tapestry.consortium.Digest;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.Function;

/** The same run twice, in one nobody disturbs it, in the other something is done in every round. */
final class Chaos {

    /** A moment that was not seen is waited for in so many rounds. */
    private static final int TRIES = 3;

    private final ChaosRun run;
    private final Apparatus apparatus;
    private final Function<Twin, List<Fault>> faults;
    private final Path directory;
    private final Path shippedBase;
    private final Consumer<String> progress;

    /**
     * @param faults one for each round, in this order, once it is known what a round asks of disks
     * @param directory empty; all that the processes write stays there
     * @param shippedBase that the consortium adopts
     * @param progress hears what goes on, a line at a time
     */
    Chaos(
            ChaosRun run,
            Apparatus apparatus,
            Function<Twin, List<Fault>> faults,
            Path directory,
            Path shippedBase,
            Consumer<String> progress) {
        this.run = run;
        this.apparatus = apparatus;
        this.faults = faults;
        this.directory = directory;
        this.shippedBase = shippedBase;
        this.progress = progress;
    }

    /** Runs both, and compares. */
    ChaosReport run(String commit) throws InterruptedException {
        ChaosRun.Beginning beginning = run.beginning(directory, shippedBase);
        try (Programs programs = new Programs()) {
            progress.accept("a few rounds that nobody disturbs");
            try (Twin twin =
                    Twin.begin(
                            directory.resolve("undisturbed"),
                            programs,
                            run,
                            apparatus,
                            beginning,
                            progress)) {
                List<Fault> due = faults.apply(twin);
                progress.accept(
                        "undisturbed: %.1f s a round; the same again, with %d faults"
                                .formatted(twin.secondsPerRound(), due.size()));
                return disturbed(programs, beginning, twin, due, commit);
            }
        }
    }

    /** A trial without the digests, which are known in the end. */
    private record Done(
            int round,
            Fault fault,
            DemoMember node,
            double seconds,
            long stepsAgain,
            long bytesAgain) {}

    private ChaosReport disturbed(
            Programs programs,
            ChaosRun.Beginning beginning,
            Twin twin,
            List<Fault> faults,
            String commit)
            throws InterruptedException {
        try (ChaosConsortium consortium =
                ChaosConsortium.found(
                        directory.resolve("disturbed"),
                        programs,
                        run.members(),
                        apparatus,
                        beginning.base(),
                        beginning.corpora())) {
            consortium.begin(run.plan());
            consortium.lookout().awaitBase(1);
            Disturber disturber = new Disturber(consortium, run.members(), twin.secondsPerRound());
            Deque<Fault> due = new ArrayDeque<>(faults);
            Map<Fault, Integer> tries = new HashMap<>();
            List<Done> done = new ArrayList<>();
            SplittableRandom random = new SplittableRandom(run.seed());
            int round = 2;
            while (!due.isEmpty()) {
                Fault fault = due.remove();
                DemoMember node = run.members().get(random.nextInt(run.members().size()));
                Optional<Done> trial = disturb(consortium, disturber, round, fault, node, twin);
                trial.ifPresentOrElse(
                        hit -> {
                            done.add(hit);
                            tell(hit);
                        },
                        () -> {
                            if (tries.merge(fault, 1, Integer::sum) < TRIES) {
                                due.add(fault);
                            }
                        });
                round = trial.map(Done::round).orElse(consortium.lookout().round() - 1) + 1;
            }
            int last = round;
            consortium.finish(last);
            Aftermath aftermath = consortium.aftermath();
            progress.accept("the undisturbed run goes on to round %d".formatted(last));
            SortedMap<Integer, Digest> undisturbed = twin.until(last).headMap(last + 1);
            SortedMap<Integer, Digest> bases = aftermath.bases().headMap(last + 1);
            List<Trial> trials = done.stream().map(d -> trial(d, bases, undisturbed)).toList();
            List<Fault> missed = new ArrayList<>(faults);
            done.forEach(d -> missed.remove(d.fault()));
            progress.accept("verifying all logs, and the last merge");
            return new ChaosReport(
                    commit,
                    run.seed(),
                    run.members().size(),
                    last,
                    twin.secondsPerRound(),
                    trials,
                    missed,
                    bases.equals(undisturbed),
                    aftermath.lost(),
                    aftermath.verify(last));
        }
    }

    /** Does it, or not if the moment was not seen, and waits for what must follow. */
    private Optional<Done> disturb(
            ChaosConsortium consortium,
            Disturber disturber,
            int round,
            Fault fault,
            DemoMember node,
            Twin twin)
            throws InterruptedException {
        long sentBefore = consortium.lookout().sent();
        Optional<Disturber.Struck> struck = disturber.strike(round, fault, node);
        if (struck.isEmpty()) {
            consortium.lookout().awaitBase(round);
            return Optional.empty();
        }
        int shows = struck.get().shows();
        consortium.lookout().awaitBase(shows);
        double seconds = (System.nanoTime() - struck.get().nanos()) / 1e9;
        long bytes = (shows - round + 1) * twin.bytesPerRound();
        return Optional.of(
                new Done(
                        shows,
                        fault,
                        node,
                        seconds,
                        Math.max(0, consortium.lookout().steps(shows) - run.stepsPerRound()),
                        Math.max(0, consortium.lookout().sent() - sentBefore - bytes)));
    }

    private void tell(Done hit) {
        progress.accept(
                "round %3d  %s (%s): %s: base after %.1f s, %d steps again"
                        .formatted(
                                hit.round(),
                                hit.fault().victim().title(),
                                hit.node().id(),
                                hit.fault().told(),
                                hit.seconds(),
                                hit.stepsAgain()));
    }

    private static Trial trial(
            Done done, Map<Integer, Digest> bases, Map<Integer, Digest> undisturbed) {
        return new Trial(
                done.round(),
                done.fault(),
                done.node().id().value(),
                Objects.requireNonNull(bases.get(done.round())),
                Objects.requireNonNull(undisturbed.get(done.round())),
                done.seconds(),
                done.stepsAgain(),
                done.bytesAgain());
    }
}
