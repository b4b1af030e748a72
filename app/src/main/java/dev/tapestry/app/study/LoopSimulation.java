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
import dev.tapestry.weights.ModelDirectory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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

    /**
     * Runs rounds until each member has seen {@code tokens} tokens; the last round is shorter where
     * they do not divide.
     *
     * @param base all F32
     * @param work an empty directory, in which the last candidate is left
     */
    Outcome run(Path base, long tokens, Path work) {
        List<Trainer> trainers = new ArrayList<>();
        try (ModelDirectory start = ModelDirectory.open(base)) {
            for (Tokens text : members.values()) {
                trainers.add(Trainer.begin(start, seeded(trainers.size()), text));
            }
            long steps = Math.ceilDiv(tokens, plan.tokensPerStep());
            long bytes = start.bytes();
            Path current = base;
            Optional<Momentum> momentum = Optional.empty();
            int round = 0;
            for (long done = 0; done < steps; done += rounds.steps()) {
                round++;
                Path folder = work.resolve("round-" + round);
                Files.createDirectories(folder);
                int local = (int) Math.min(rounds.steps(), steps - done);
                MergeOutcome outcome = round(trainers, current, momentum, folder, local);
                Drafts.delete(work.resolve("round-" + (round - 2)));
                current = outcome.candidate();
                momentum = outcome.momentum();
            }
            return new Outcome(current, bytes * round, bytes * round);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            trainers.forEach(Trainer::close);
        }
    }

    /** One round in a folder of its own, from which the next one reads. */
    private MergeOutcome round(
            List<Trainer> trainers,
            Path base,
            Optional<Momentum> momentum,
            Path folder,
            int steps) {
        SortedMap<MemberId, WeightedContribution> contributions = new TreeMap<>();
        try (ModelDirectory model = ModelDirectory.open(base)) {
            int place = 0;
            for (MemberId member : members.keySet()) {
                Trainer trainer = trainers.get(place++);
                trainer.replaceWeights(model);
                for (int step = 0; step < steps; step++) {
                    trainer.step();
                }
                Path weights = folder.resolve("from-" + member);
                trainer.exportLike(model, weights);
                contributions.put(
                        member,
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

    /** Within a simulation a place stands for what lies there. */
    private static Digest named(Path place) {
        return Digest.of(place.toString().getBytes(StandardCharsets.UTF_8));
    }

    private TrainingPlan seeded(int place) {
        return new TrainingPlan(
                plan.optimizer(),
                plan.schedule(),
                plan.sequencesPerStep(),
                plan.sequenceLength(),
                plan.clipNorm(),
                plan.precision(),
                plan.seed() * 1_000 + place,
                plan.threads());
    }
}
