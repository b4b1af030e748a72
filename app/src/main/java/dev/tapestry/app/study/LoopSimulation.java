package dev.tapestry.app.study;

import dev.tapestry.aggregation.MergeOutcome;
import dev.tapestry.aggregation.OuterState;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.training.Tokens;
import dev.tapestry.training.Trainer;
import dev.tapestry.training.TrainingPlan;
import dev.tapestry.weights.Drafts;
import dev.tapestry.weights.Fragments;
import dev.tapestry.weights.ModelDirectory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.LongStream;

/**
 * The Shared-Base Loop in one process, one member after the other: the same trainer and the same
 * merge as between real nodes, without the network.
 *
 * @param members training text by member
 * @param plan what each member does; its seed is moved by the member's place
 * @param rounds how long a round is and how contributions move the base
 */
public record LoopSimulation(
        SortedMap<MemberId, Tokens> members, TrainingPlan plan, Scheme.Rounds rounds) {

    /** Places at which the rest of a schedule is looked at. */
    private static final int PLACES = 64;

    /**
     * What came out.
     *
     * @param model the last candidate's directory
     * @param uploaded bytes of weights that one member sent
     * @param downloaded bytes of weights that one member received
     */
    public record Outcome(Path model, long uploaded, long downloaded) {}

    /**
     * The consortium between two rounds.
     *
     * @param base as all members see it
     * @param state of the outer optimiser
     * @param merged the tensors that the last merge moved
     * @param shared what members share beside it, if they do
     */
    private record Standing(
            Path base, Optional<OuterState> state, Set<String> merged, Optional<Path> shared) {}

    /**
     * Runs rounds until the members have together seen {@code tokens} tokens for each of them. The
     * last round is shorter where they do not divide, and merges all fragments of all members.
     *
     * @param base all F32
     * @param work an empty directory, in which the last candidate is left
     */
    Outcome run(Path base, long tokens, Path work) {
        return run(base, tokens, work, Intake.OPEN);
    }

    /**
     * The same with an intake that may refuse or replace contributions.
     *
     * @param work on the same file system in the same place relative to {@code base}, it gives the
     *     same outcome
     */
    public Outcome run(Path base, long tokens, Path work, Intake intake) {
        Lines lines = new Lines(rounds.wire(), rounds.sharing());
        List<Learner> learners = new ArrayList<>();
        try (ModelDirectory start = ModelDirectory.open(base)) {
            for (var member : members.entrySet()) {
                TrainingPlan own = seeded(learners.size());
                Trainer trainer = Trainer.begin(start, own, member.getValue());
                int place = learners.size();
                double share = rounds.churn().map(churn -> churn.share(place)).orElse(1.0);
                learners.add(lines.learner(member.getKey(), trainer, share, work));
            }
            Lines.Down down = lines.toAll(work);
            Fragments fragments = Fragments.of(start.tensors().values(), rounds.fragments());
            SplittableRandom absences = new SplittableRandom(plan.seed());
            long due = Math.ceilDiv(tokens, plan.tokensPerStep()) * members.size();
            Standing standing =
                    new Standing(
                            base,
                            Optional.empty(),
                            Set.of(),
                            learners.getFirst().shared(start, work));
            long done = 0;
            for (int round = 0; done < due; round++) {
                long schedule = done * plan.tokensPerStep() / members.size();
                int steps = stepsOfTheFastest(learners, due - done, highestRate(schedule, tokens));
                for (Learner learner : learners) {
                    learner.scheduleAt(schedule);
                    done += learn(learner, standing, steps);
                }
                boolean last = done >= due;
                Path folder = Files.createDirectories(work.resolve("round-" + round));
                standing =
                        merge(
                                last ? learners : present(learners, standing, absences),
                                standing,
                                last ? start.tensors().keySet() : fragments.inRound(round),
                                down,
                                intake,
                                folder);
                Drafts.delete(work.resolve("round-" + (round - 2)));
            }
            return new Outcome(standing.base(), learners.getFirst().uploaded(), down.bytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            learners.forEach(Learner::close);
        }
    }

    /** From here to the end, as a part of the peak: while it rises, that is 1. */
    private double highestRate(long from, long end) {
        return LongStream.rangeClosed(0, PLACES)
                .mapToDouble(place -> plan.schedule().at(from + (end - from) * place / PLACES))
                .max()
                .orElseThrow();
    }

    /** Steps of the fastest member until the next merge. */
    private int stepsOfTheFastest(List<Learner> learners, long due, double rate) {
        int interval = rounds.interval(rate);
        double together = learners.stream().mapToDouble(Learner::share).sum();
        return Math.clamp((long) Math.ceil(due / together), 1, interval);
    }

    /** Those whose contribution arrives in time; if nobody's would, all wait. */
    private List<Learner> present(
            List<Learner> learners, Standing standing, SplittableRandom absences) {
        double absence = rounds.churn().map(Scheme.Churn::absence).orElse(0.0);
        List<Learner> present = new ArrayList<>();
        List<Learner> away = new ArrayList<>();
        for (Learner learner : learners) {
            (absences.nextDouble() < absence ? away : present).add(learner);
        }
        if (present.isEmpty()) {
            return learners;
        }
        away.forEach(learner -> learner.misses(standing.base(), standing.shared()));
        return present;
    }

    /** The steps of one round, in the middle of which the last merge arrives; how many they are. */
    private long learn(Learner learner, Standing standing, int steps) {
        int ahead = standing.merged().isEmpty() ? 0 : Math.min(rounds.overlap(), steps);
        long trained = learner.train(ahead);
        if (!standing.merged().isEmpty()) {
            standing.shared()
                    .ifPresent(place -> {
                        try (ModelDirectory shared = ModelDirectory.open(place)) {
                            learner.receiveShared(shared);
                        }
                    });
            try (ModelDirectory base = ModelDirectory.open(standing.base())) {
                learner.receive(base, standing.merged());
            }
        }
        return trained + learner.train(steps - ahead);
    }

    /** One merge in a folder of its own, from which the next round reads. */
    private Standing merge(
            List<Learner> learners,
            Standing standing,
            Set<String> merged,
            Lines.Down down,
            Intake intake,
            Path folder) {
        Optional<Path> shared =
                standing.shared()
                        .map(place -> mergeShared(learners, standing.base(), place, down, folder));
        SortedMap<MemberId, Long> steps = new TreeMap<>();
        SortedMap<MemberId, Path> came = new TreeMap<>();
        try (ModelDirectory base = ModelDirectory.open(standing.base())) {
            for (Learner learner : learners) {
                steps.put(learner.member(), learner.stepsNotMerged());
                came.put(learner.member(), learner.contribute(base, merged, folder));
            }
            SortedMap<MemberId, Path> admitted = intake.admit(base, came, folder);
            steps.keySet().retainAll(admitted.keySet());
            double together = steps.values().stream().mapToLong(Long::longValue).sum();
            MergeOutcome outcome =
                    new FolderMerge(folder, rounds.merge())
                            .run(
                                    standing.base(),
                                    admitted,
                                    member -> steps.getOrDefault(member, 0L) / together,
                                    standing.state(),
                                    "candidate");
            try (ModelDirectory candidate = ModelDirectory.open(outcome.candidate())) {
                intake.merged(base, candidate);
            }
            Path seen =
                    down.base().carry(base, outcome.candidate(), merged, folder.resolve("down"));
            return new Standing(seen, outcome.state(), merged, shared);
        }
    }

    /** The weighted mean of what the members share beside weights. */
    private static Path mergeShared(
            List<Learner> learners, Path base, Path last, Lines.Down down, Path folder) {
        SortedMap<MemberId, Long> steps = new TreeMap<>();
        SortedMap<MemberId, Path> came = new TreeMap<>();
        try (ModelDirectory weights = ModelDirectory.open(base);
                ModelDirectory shared = ModelDirectory.open(last)) {
            for (Learner learner : learners) {
                steps.put(learner.member(), learner.stepsNotMerged());
                came.put(learner.member(), learner.contributeShared(weights, shared, folder));
            }
            double together = steps.values().stream().mapToLong(Long::longValue).sum();
            Path mean =
                    new FolderMerge(folder, MergeRule.fedAvg())
                            .run(
                                    last,
                                    came,
                                    member -> steps.getOrDefault(member, 0L) / together,
                                    Optional.empty(),
                                    "shared")
                            .candidate();
            return down.shared()
                    .carry(shared, mean, shared.tensors().keySet(), folder.resolve("shared-down"));
        }
    }

    private TrainingPlan seeded(int place) {
        return plan.withSeed(plan.seed() * 1_000 + place);
    }
}
