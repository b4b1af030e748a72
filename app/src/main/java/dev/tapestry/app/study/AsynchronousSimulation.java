package dev.tapestry.app.study;

import dev.tapestry.aggregation.MergeOutcome;
import dev.tapestry.aggregation.OuterState;
import dev.tapestry.aggregation.weighting.Apportionment;
import dev.tapestry.aggregation.weighting.Apportionment.Apportioned;
import dev.tapestry.aggregation.weighting.Apportionment.Refused;
import dev.tapestry.aggregation.weighting.Apportionment.Trained;
import dev.tapestry.aggregation.weighting.InfluenceCap;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.training.Tokens;
import dev.tapestry.training.Trainer;
import dev.tapestry.training.TrainingPlan;
import dev.tapestry.weights.Drafts;
import dev.tapestry.weights.ModelDirectory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * The Shared-Base Loop without rounds in one process, from event to event on a virtual clock: the
 * same trainer, lines and merge as in {@link LoopSimulation}, only that nobody waits. The same seed
 * gives the same outcome.
 *
 * @param members training text by member
 * @param plan what each member does; its seed is moved by the member's place
 * @param scheme who is merged when
 */
record AsynchronousSimulation(
        SortedMap<MemberId, Tokens> members, TrainingPlan plan, Scheme.Asynchronous scheme) {

    /**
     * The coordinator between two merges.
     *
     * @param base the current one
     * @param number of merges that made it
     * @param state of the outer optimiser
     * @param shared the mean of what members share beside weights, if they do
     */
    private record Standing(
            Path base, int number, Optional<OuterState> state, Optional<Path> shared) {}

    AsynchronousSimulation {
        if (scheme.quorum() > members.size()) {
            throw new IllegalArgumentException(
                    "a quorum of %d is never reached by %d members"
                            .formatted(scheme.quorum(), members.size()));
        }
    }

    /**
     * Runs until the members have together seen {@code tokens} tokens for each of them; then all
     * contribute what they have. What fewer than a quorum have learnt since the merge before is
     * lost.
     *
     * @param base all F32
     * @param work an empty directory, in which the last candidate is left
     * @return with the mean bytes of a member
     */
    LoopSimulation.Outcome run(Path base, long tokens, Path work) {
        List<FreeMember> everybody = new ArrayList<>();
        try (ModelDirectory start = ModelDirectory.open(base)) {
            Optional<Path> none = enter(everybody, start, work);
            SplittableRandom absences = new SplittableRandom(plan.seed());
            long due = Math.ceilDiv(tokens, plan.tokensPerStep()) * members.size();
            long end = 1;
            while (stepsBy(everybody, end) < due) {
                end++;
            }
            Standing standing = new Standing(base, 0, Optional.empty(), none);
            long now = 0;
            while (now < end) {
                long next = everybody.stream().mapToLong(FreeMember::nextWord).min().orElseThrow();
                long schedule = stepsBy(everybody, now) * plan.tokensPerStep() / everybody.size();
                now = Math.min(next, end);
                for (FreeMember member : everybody) {
                    member.trainUntil(now, schedule);
                    if (member.nextWord() == now) {
                        member.says(absences.nextDouble() >= scheme.churn().absence());
                    }
                }
                standing = mergeIfDue(everybody, standing, now == end, work);
            }
            return new LoopSimulation.Outcome(
                    standing.base(),
                    everybody.stream().mapToLong(FreeMember::uploaded).sum() / everybody.size(),
                    everybody.stream().mapToLong(FreeMember::downloaded).sum() / everybody.size());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            everybody.forEach(FreeMember::close);
        }
    }

    /** All members at the start; what they share before they have learnt anything. */
    private Optional<Path> enter(List<FreeMember> everybody, ModelDirectory start, Path work)
            throws IOException {
        Lines lines = new Lines(scheme.wire(), scheme.sharing());
        Optional<Path> none = Optional.empty();
        for (var entry : members.entrySet()) {
            int place = everybody.size();
            double share = scheme.churn().share(place);
            Trainer trainer =
                    Trainer.begin(
                            start, plan.withSeed(plan.seed() * 1_000 + place), entry.getValue());
            Learner learner = lines.learner(entry.getKey(), trainer, 1, work);
            if (place == 0) {
                none = learner.shared(start, work);
            }
            everybody.add(
                    new FreeMember(
                            learner,
                            lines.to(entry.getKey(), work),
                            share,
                            scheme.interval(share),
                            Files.createDirectories(work.resolve("bases-of-" + entry.getKey())),
                            start.path(),
                            none));
        }
        return none;
    }

    private static long stepsBy(List<FreeMember> everybody, long tick) {
        return everybody.stream().mapToLong(member -> member.stepsBy(tick)).sum();
    }

    private Standing mergeIfDue(
            List<FreeMember> everybody, Standing standing, boolean last, Path work)
            throws IOException {
        List<FreeMember> taken =
                everybody.stream()
                        .filter(member ->
                                last
                                        ? member.notMerged(plan.tokensPerStep()).steps() > 0
                                        : member.isReady())
                        .toList();
        if (taken.size() < scheme.quorum()) {
            return standing;
        }
        Path folder = Files.createDirectories(work.resolve("merge-" + standing.number()));
        Standing next = merge(everybody, taken, standing, folder);
        for (FreeMember member : taken) {
            member.receive(next.base(), next.number(), next.shared());
        }
        Drafts.delete(work.resolve("merge-" + (standing.number() - 2)));
        return next;
    }

    private Standing merge(
            List<FreeMember> everybody, List<FreeMember> taken, Standing standing, Path folder) {
        SortedMap<MemberId, Trained> trained = new TreeMap<>();
        SortedMap<MemberId, Path> contributions = new TreeMap<>();
        try (ModelDirectory current = ModelDirectory.open(standing.base())) {
            for (FreeMember member : taken) {
                trained.put(member.member(), member.notMerged(plan.tokensPerStep()));
                contributions.put(
                        member.member(),
                        member.contribute(
                                current, standing.number(), scheme.wire().isEmpty(), folder));
            }
        }
        SequencedMap<MemberId, Double> weights = weights(trained);
        MergeOutcome outcome =
                new FolderMerge(folder, scheme.merge())
                        .run(
                                standing.base(),
                                contributions,
                                member -> weights.getOrDefault(member, 0.0),
                                standing.state(),
                                "candidate");
        return new Standing(
                outcome.candidate(),
                standing.number() + 1,
                outcome.state(),
                standing.shared().map(last -> mean(everybody, last, folder)));
    }

    private SequencedMap<MemberId, Double> weights(SortedMap<MemberId, Trained> trained) {
        InfluenceCap cap = new InfluenceCap(scheme.influenceCap());
        return switch (Apportionment.of(scheme.weighting(), cap, trained)) {
            case Apportioned(SequencedMap<MemberId, Double> weights) -> weights;
            case Refused(String detail) -> throw new IllegalStateException(detail);
        };
    }

    /** Of what all members share, also those that are not in this merge. */
    private static Path mean(List<FreeMember> everybody, Path last, Path folder) {
        SortedMap<MemberId, Path> shared = new TreeMap<>();
        SortedMap<MemberId, Long> steps = new TreeMap<>();
        for (FreeMember member : everybody) {
            member.own()
                    .ifPresent(own -> {
                        shared.put(member.member(), own);
                        steps.put(member.member(), member.stepsContributed());
                    });
        }
        double together = steps.values().stream().mapToLong(Long::longValue).sum();
        return new FolderMerge(folder, MergeRule.fedAvg())
                .run(
                        last,
                        shared,
                        member -> steps.getOrDefault(member, 0L) / together,
                        Optional.empty(),
                        "shared")
                .candidate();
    }
}
