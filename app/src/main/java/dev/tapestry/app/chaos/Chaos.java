package dev.tapestry.app.chaos;

import dev.tapestry.app.demo.DemoMember;
import dev.tapestry.app.process.Programs;
import dev.tapestry.consortium.CodecName;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.LocalTraining;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.RunPlan;
import dev.tapestry.consortium.Wire;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.ModelConversion;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.ModelDirectoryWriter;
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

/**
 * The same run twice, in one nobody disturbs it, in the other something is killed in every round.
 */
final class Chaos {

    /** A moment that was not seen is waited for in so many rounds. */
    private static final int TRIES = 3;

    private static final int BATCH = 4;
    private static final int SEQUENCE = 64;

    private final Setting setting;
    private final Path directory;
    private final Path shippedBase;
    private final Consumer<String> progress;

    /**
     * What is tried.
     *
     * @param members nodes, at least 2
     * @param steps of a node in a round
     * @param faults one for each round, in this order
     * @param seed of the choice of nodes, and of the run
     */
    record Setting(List<DemoMember> members, int steps, List<Fault> faults, long seed) {

        Setting {
            members = List.copyOf(members);
            faults = List.copyOf(faults);
        }

        /** Rounds: one for each fault, and more for moments that were missed. */
        int rounds() {
            return faults.size() + 2 + faults.size() / 4;
        }

        RunPlan plan() {
            MergeRule rule = MergeRule.diLoCo(1, 0.5);
            long total = (long) rounds() * steps * BATCH * SEQUENCE;
            LocalTraining training =
                    new LocalTraining(
                            steps,
                            LocalTraining.Optimizer.MUON,
                            0.005,
                            0.1,
                            LocalTraining.Schedule.COSINE,
                            0,
                            total,
                            BATCH,
                            SEQUENCE,
                            0.01,
                            1,
                            seed);
            CodecName int4 = new CodecName("int4/1");
            return new RunPlan(rounds(), training, rule, 1_000)
                    .over(new Wire(Optional.of(int4), Optional.of(int4)))
                    .sharing(new CodecName("int8/1"));
        }
    }

    /**
     * @param directory empty; all that the processes write stays there
     * @param shippedBase that the consortium adopts
     * @param progress hears what goes on, a line at a time
     */
    Chaos(Setting setting, Path directory, Path shippedBase, Consumer<String> progress) {
        this.setting = setting;
        this.directory = directory;
        this.shippedBase = shippedBase;
        this.progress = progress;
    }

    /** Runs both, and compares. */
    ChaosReport run(String commit) throws InterruptedException {
        Path base = directory.resolve("base");
        try (ModelDirectory shipped = ModelDirectory.open(shippedBase)) {
            ModelConversion.convert(
                    shipped, base, DType.F32, ModelDirectoryWriter.DEFAULT_SHARD_BYTES);
        }
        Path corpora = directory.resolve("corpora");
        setting.members()
                .forEach(member -> member.writeCorpus(corpora.resolve(member.id().value())));
        try (Programs programs = new Programs()) {
            progress.accept("a run of %d rounds that nobody disturbs".formatted(setting.rounds()));
            Undisturbed twin = undisturbed(programs, base, corpora);
            progress.accept(
                    "undisturbed: %.1f s a round; the same again, with %d faults"
                            .formatted(twin.secondsPerRound(), setting.faults().size()));
            return disturbed(programs, base, corpora, twin, commit);
        }
    }

    /**
     * What a run gives that nobody disturbs.
     *
     * @param bases by round
     * @param bytesPerRound that all nodes send
     */
    private record Undisturbed(
            SortedMap<Integer, Digest> bases, double secondsPerRound, long bytesPerRound) {}

    private Undisturbed undisturbed(Programs programs, Path base, Path corpora)
            throws InterruptedException {
        try (ChaosConsortium twin =
                ChaosConsortium.found(
                        directory.resolve("undisturbed"),
                        programs,
                        setting.members(),
                        base,
                        corpora)) {
            twin.begin(setting.plan());
            twin.awaitBase(1); // the first waits for all processes to start
            long start = System.nanoTime();
            long sent = twin.sent();
            twin.awaitEnd(setting.rounds());
            double rounds = setting.rounds() - 1.0;
            double seconds = (System.nanoTime() - start) / 1e9 / rounds;
            long bytes = Math.round((twin.sent() - sent) / rounds);
            twin.rest();
            return new Undisturbed(twin.bases(), seconds, bytes);
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
            Programs programs, Path base, Path corpora, Undisturbed twin, String commit)
            throws InterruptedException {
        try (ChaosConsortium consortium =
                ChaosConsortium.found(
                        directory.resolve("disturbed"),
                        programs,
                        setting.members(),
                        base,
                        corpora)) {
            consortium.begin(setting.plan());
            consortium.awaitBase(1);
            Deque<Fault> due = new ArrayDeque<>(setting.faults());
            Map<Fault, Integer> tries = new HashMap<>();
            List<Done> done = new ArrayList<>();
            SplittableRandom random = new SplittableRandom(setting.seed());
            int round = 2;
            while (!due.isEmpty() && round < setting.rounds()) {
                Fault fault = due.remove();
                DemoMember node = setting.members().get(random.nextInt(setting.members().size()));
                int at = round;
                Optional<Done> trial = disturb(consortium, at, fault, node, twin);
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
                round = trial.map(Done::round).orElse(round) + 1;
            }
            consortium.awaitEnd(setting.rounds());
            consortium.rest();
            SortedMap<Integer, Digest> bases = consortium.bases();
            List<Trial> trials = done.stream().map(d -> trial(d, bases, twin.bases())).toList();
            List<Fault> missed = new ArrayList<>(setting.faults());
            done.forEach(d -> missed.remove(d.fault()));
            progress.accept("verifying all logs, and the last merge");
            return new ChaosReport(
                    commit,
                    setting.seed(),
                    setting.members().size(),
                    setting.rounds(),
                    twin.secondsPerRound(),
                    trials,
                    missed,
                    bases.equals(twin.bases()),
                    consortium.verify(setting.rounds()));
        }
    }

    /** Kills in this round, or not if the moment was not seen, and waits for what must follow. */
    private Optional<Done> disturb(
            ChaosConsortium consortium, int round, Fault fault, DemoMember node, Undisturbed twin)
            throws InterruptedException {
        long sentBefore = consortium.sent();
        if (!awaitMoment(consortium, round, fault, node, twin.secondsPerRound())) {
            consortium.awaitBase(round);
            return Optional.empty();
        }
        long start = System.nanoTime();
        consortium.kill(fault.victim(), node);
        consortium.revive(fault.victim(), node);
        int shows = fault.moment().filter(Moment::comesAfterBase).isPresent() ? round + 1 : round;
        consortium.awaitBase(shows);
        double seconds = (System.nanoTime() - start) / 1e9;
        long steps = (long) setting.steps() * setting.members().size();
        long bytes = (shows - round + 1) * twin.bytesPerRound();
        return Optional.of(
                new Done(
                        shows,
                        fault,
                        node,
                        seconds,
                        Math.max(0, consortium.steps(shows) - steps),
                        Math.max(0, consortium.sent() - sentBefore - bytes)));
    }

    private static boolean awaitMoment(
            ChaosConsortium consortium,
            int round,
            Fault fault,
            DemoMember node,
            double secondsPerRound)
            throws InterruptedException {
        if (fault.moment().isPresent()) {
            Moment moment = fault.moment().get();
            return consortium.await(round, node, moment::isIn, moment::isPast);
        }
        if (!consortium.await(round, node, Sight::hasBegun, Sight::over)) {
            return false;
        }
        long at = System.nanoTime() + (long) (fault.instant() * secondsPerRound * 1e9);
        return consortium.await(round, node, _ -> System.nanoTime() >= at, Sight::over);
    }

    private void tell(Done hit) {
        progress.accept(
                "round %3d  %s killed (%s), %s: base after %.1f s, %d steps again"
                        .formatted(
                                hit.round(),
                                hit.fault().victim().title(),
                                hit.node().id(),
                                hit.fault().when(),
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
