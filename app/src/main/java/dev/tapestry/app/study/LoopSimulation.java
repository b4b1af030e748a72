package dev.tapestry.app.study;

import dev.tapestry.aggregation.Merge;
import dev.tapestry.aggregation.MergeOrder;
import dev.tapestry.aggregation.MergeOutcome;
import dev.tapestry.aggregation.Momentum;
import dev.tapestry.aggregation.WeightedContribution;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.training.Tokens;
import dev.tapestry.training.Trainer;
import dev.tapestry.training.TrainingPlan;
import dev.tapestry.weights.Drafts;
import dev.tapestry.weights.Fragments;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.ModelDirectoryWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The Shared-Base Loop in one process, one member after the other: the same trainer and the same
 * merge as between real nodes, without the network.
 *
 * @param members training text by member
 * @param plan what each member does; its seed is moved by the member's place
 * @param rounds how long a round is and how contributions move the base
 */
record LoopSimulation(
        SortedMap<MemberId, Tokens> members, TrainingPlan plan, Scheme.Rounds rounds) {

    /**
     * What came out.
     *
     * @param model the last candidate's directory
     * @param uploaded bytes of weights that one member sent
     * @param downloaded bytes of weights that one member received
     */
    record Outcome(Path model, long uploaded, long downloaded) {}

    /** One member: its trainer, and its weights as it last contributed them. */
    private static final class Learner implements AutoCloseable {
        final MemberId member;
        final Trainer trainer;
        Path sent = Path.of("");

        Learner(MemberId member, Trainer trainer) {
            this.member = member;
            this.trainer = trainer;
        }

        void train(int steps) {
            for (int step = 0; step < steps; step++) {
                trainer.step();
            }
        }

        @Override
        public void close() {
            trainer.close();
        }
    }

    /**
     * A merge that has been made but has not reached the members.
     *
     * @param outcome of the merge
     * @param merged the tensors that it moved
     */
    private record Arriving(MergeOutcome outcome, Set<String> merged) {}

    /**
     * Runs rounds until each member has seen {@code tokens} tokens; the last round is shorter where
     * they do not divide, and merges all fragments.
     *
     * @param base all F32
     * @param work an empty directory, in which the last candidate is left
     */
    Outcome run(Path base, long tokens, Path work) {
        List<Learner> learners = new ArrayList<>();
        try (ModelDirectory start = ModelDirectory.open(base)) {
            members.forEach((member, text) -> {
                Trainer trainer = Trainer.begin(start, seeded(learners.size()), text);
                learners.add(new Learner(member, trainer));
            });
            Fragments fragments = Fragments.of(start.tensors().values(), rounds.fragments());
            int interval = rounds.steps() / rounds.fragments();
            long steps = Math.ceilDiv(tokens, plan.tokensPerStep());
            Path current = base;
            Optional<Arriving> arriving = Optional.empty();
            Optional<Momentum> momentum = Optional.empty();
            long bytes = 0;
            int round = 0;
            for (long done = 0; done < steps; done += interval) {
                boolean last = done + interval >= steps;
                Set<String> merged = last ? start.tensors().keySet() : fragments.inRound(round);
                Path folder = work.resolve("round-" + ++round);
                Files.createDirectories(folder);
                int local = (int) Math.min(interval, steps - done);
                for (Learner learner : learners) {
                    learn(learner, arriving, local);
                }
                MergeOutcome outcome = merge(learners, current, merged, momentum, folder);
                Drafts.delete(work.resolve("round-" + (round - 2)));
                current = outcome.candidate();
                momentum = outcome.momentum();
                arriving = Optional.of(new Arriving(outcome, merged));
                bytes += merged.stream().mapToLong(name -> start.tensor(name).bytes()).sum();
            }
            return new Outcome(current, bytes, bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            learners.forEach(Learner::close);
        }
    }

    /** The steps of one round, in the middle of which the last merge arrives. */
    private void learn(Learner learner, Optional<Arriving> arriving, int steps) {
        int ahead = arriving.isPresent() ? Math.min(rounds.overlap(), steps) : 0;
        learner.train(ahead);
        arriving.ifPresent(merge -> {
            try (ModelDirectory base = ModelDirectory.open(merge.outcome().candidate())) {
                if (ahead == 0) {
                    learner.trainer.replaceWeights(base, merge.merged()::contains);
                } else {
                    try (ModelDirectory sent = ModelDirectory.open(learner.sent)) {
                        learner.trainer.rebase(sent, base, merge.merged()::contains);
                    }
                }
            }
        });
        learner.train(steps - ahead);
    }

    /** One merge in a folder of its own, from which the next round reads. */
    private MergeOutcome merge(
            List<Learner> learners,
            Path base,
            Set<String> merged,
            Optional<Momentum> momentum,
            Path folder) {
        SortedMap<MemberId, WeightedContribution> contributions = new TreeMap<>();
        try (ModelDirectory model = ModelDirectory.open(base)) {
            for (Learner learner : learners) {
                learner.sent = folder.resolve("weights-of-" + learner.member);
                learner.trainer.exportLike(model, learner.sent);
                Path weights = folder.resolve("from-" + learner.member);
                contribute(model, learner.sent, merged, weights);
                contributions.put(
                        learner.member,
                        new WeightedContribution(
                                ModelDirectory.open(weights),
                                named(weights),
                                1.0 / members.size()));
            }
            MergeOrder order =
                    MergeOrder.of(model, named(base), contributions, rounds.merge(), momentum);
            return Merge.run(order, folder.resolve("candidate"), 1);
        } finally {
            contributions.values().forEach(c -> c.model().close());
        }
    }

    /** What a member contributes: its own weights where they are merged, the base's elsewhere. */
    private static void contribute(ModelDirectory base, Path own, Set<String> merged, Path target) {
        try (ModelDirectory trained = ModelDirectory.open(own);
                ModelDirectoryWriter writer = ModelDirectoryWriter.createLike(base, target)) {
            for (String name : base.tensors().keySet()) {
                ModelDirectory from = merged.contains(name) ? trained : base;
                writer.data(name).copyFrom(from.data(name));
            }
            writer.commit();
        }
    }

    /** Within a simulation a place stands for what lies there. */
    private static Digest named(Path place) {
        return Digest.of(place.toString().getBytes(StandardCharsets.UTF_8));
    }

    private TrainingPlan seeded(int place) {
        return plan.withSeed(plan.seed() * 1_000 + place);
    }
}
