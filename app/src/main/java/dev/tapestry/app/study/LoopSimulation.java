package dev.tapestry.app.study;

import dev.tapestry.aggregation.Merge;
import dev.tapestry.aggregation.MergeOrder;
import dev.tapestry.aggregation.MergeOutcome;
import dev.tapestry.aggregation.OuterState;
import dev.tapestry.aggregation.WeightedContribution;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.training.Tokens;
import dev.tapestry.training.Trainer;
import dev.tapestry.training.TrainingPlan;
import dev.tapestry.weights.ModelDirectory;
import java.nio.charset.StandardCharsets;
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
 * @param steps of a member in a round (H)
 * @param rounds how many merges
 * @param rule how contributions move the base
 */
public record LoopSimulation(
        SortedMap<MemberId, Tokens> members,
        TrainingPlan plan,
        int steps,
        int rounds,
        MergeRule rule) {

    /** Runs the loop from {@code base}; the last candidate's directory. */
    public Path run(Path base, Path work) {
        List<Trainer> trainers = new ArrayList<>();
        Path current = base;
        Optional<OuterState> state = Optional.empty();
        try (ModelDirectory start = ModelDirectory.open(base)) {
            for (Tokens text : members.values()) {
                trainers.add(Trainer.begin(start, seeded(trainers.size()), text));
            }
        }
        try {
            for (int round = 1; round <= rounds; round++) {
                MergeOutcome outcome = round(trainers, current, state, work, round);
                current = outcome.candidate();
                state = outcome.state();
            }
            return current;
        } finally {
            trainers.forEach(Trainer::close);
        }
    }

    private MergeOutcome round(
            List<Trainer> trainers, Path base, Optional<OuterState> state, Path work, int round) {
        SortedMap<MemberId, WeightedContribution> contributions = new TreeMap<>();
        try (ModelDirectory model = ModelDirectory.open(base)) {
            int place = 0;
            for (MemberId member : members.keySet()) {
                Trainer trainer = trainers.get(place++);
                if (round > 1) {
                    trainer.replaceWeights(model);
                }
                for (int step = 0; step < steps; step++) {
                    trainer.step();
                }
                Path weights = work.resolve("round-%d-%s".formatted(round, member));
                trainer.exportLike(model, weights);
                contributions.put(
                        member,
                        new WeightedContribution(
                                ModelDirectory.open(weights),
                                Digest.of((member + "/" + round).getBytes(StandardCharsets.UTF_8)),
                                1.0 / members.size()));
            }
            return Merge.run(
                    MergeOrder.of(
                            model,
                            Digest.of(("base/" + round).getBytes(StandardCharsets.UTF_8)),
                            contributions,
                            rule,
                            state),
                    work.resolve("candidate-" + round),
                    1);
        } finally {
            contributions.values().forEach(c -> c.model().close());
        }
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
