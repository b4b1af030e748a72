package dev.tapestry.app.study.simulation;

import dev.tapestry.consortium.Aggregator;
import dev.tapestry.consortium.Charter;
import dev.tapestry.consortium.CodecName;
import dev.tapestry.consortium.LeftOutWhenEmpty;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.Overlap;
import dev.tapestry.consortium.Pace;
import dev.tapestry.consortium.PlanRules;
import dev.tapestry.consortium.RunPlan;
import dev.tapestry.consortium.Wire;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What a simulation compares; a strict YAML file.
 *
 * @param seed of speeds, lines, absences, data orders and noise
 * @param rounds bases that each variant publishes
 * @param steps local steps of a member in a round (H)
 * @param members who takes part
 * @param charter the consortium's: quorum, deadlines, weighting, influence cap, gates
 * @param mergeTime how long the coordinator merges
 * @param learning what members train
 * @param variants what is compared, on the same members, clock and text
 */
public record SimulationPlan(
        long seed,
        int rounds,
        int steps,
        Members members,
        Charter charter,
        Duration mergeTime,
        Learning learning,
        List<Variant> variants) {

    /**
     * The members.
     *
     * @param count how many
     * @param secondsPerStep a local step takes the median member so long
     * @param speedSpread deviation of the logarithm of their speeds; 0 where all are alike
     * @param line to the coordinator
     * @param absence empty where nobody is ever away
     */
    public record Members(
            int count,
            double secondsPerStep,
            double speedSpread,
            Line line,
            Optional<Absence> absence) {
        public Members {
            require(count >= 1 && count <= 10_000, "count", "1 to 10000", count);
            require(positive(secondsPerStep), "secondsPerStep", "above 0", secondsPerStep);
            require(isSpread(speedSpread), "speedSpread", "0 to 3", speedSpread);
        }
    }

    /**
     * The median member's line. The coordinator's own line is taken to be as fast as all together.
     *
     * @param downMbits megabits per second
     * @param upMbits megabits per second
     * @param latencyMillis before each exchange
     * @param spread deviation of the logarithm of the rates, both ways alike
     */
    public record Line(double downMbits, double upMbits, double latencyMillis, double spread) {
        public Line {
            require(positive(downMbits), "downMbits", "above 0", downMbits);
            require(positive(upMbits), "upMbits", "above 0", upMbits);
            require(
                    latencyMillis >= 0 && Double.isFinite(latencyMillis),
                    "latencyMillis",
                    "at least 0",
                    latencyMillis);
            require(isSpread(spread), "spread", "0 to 3", spread);
        }
    }

    /**
     * Members that are away: they neither train nor score.
     *
     * @param probability that one goes away with a round
     * @param rounds how many it is away then
     */
    public record Absence(double probability, int rounds) {
        public Absence {
            require(
                    probability > 0 && probability < 1,
                    "probability",
                    "above 0 and below 1; leave 'absence' out for 0",
                    probability);
            require(rounds >= 1, "rounds", "at least 1", rounds);
        }
    }

    /**
     * One consortium of those that are compared.
     *
     * @param name small letters, digits and hyphens
     * @param merge how contributions move the base
     * @param rule the file of an {@link ExperimentalRule}, in the place of the aggregator, which
     *     then is the mean; relative to the plan
     * @param wire how weights travel; empty for whole weights
     * @param gradients codec of the mean gradients that members share beside weights; empty where
     *     they share none
     * @param overlap whether members train on while their contributions travel; empty where they
     *     wait
     * @param pace whether members of different speed do different numbers of steps; empty where all
     *     do the same
     * @param steps in the place of the plan's; with a pace the most that anyone does
     * @param rounds in the place of the plan's
     */
    public record Variant(
            String name,
            MergeRule merge,
            Optional<String> rule,
            Optional<Wire> wire,
            @LeftOutWhenEmpty Optional<CodecName> gradients,
            @LeftOutWhenEmpty Optional<Overlap> overlap,
            @LeftOutWhenEmpty Optional<Pace> pace,
            Optional<Integer> steps,
            Optional<Integer> rounds) {
        public Variant {
            if (!name.matches("[a-z0-9][a-z0-9-]{0,30}")) {
                throw new IllegalArgumentException(
                        "the name of a variant is small letters, digits and hyphens, not '%s'"
                                .formatted(name));
            }
            steps.ifPresent(own -> require(own >= 1, "steps", "at least 1", own));
            rounds.ifPresent(own -> require(own >= 1, "rounds", "at least 1", own));
            if (rule.isPresent()
                    && !(merge.aggregator() instanceof Aggregator.Mean
                            && merge.clipping().isEmpty()
                            && merge.mixing().isEmpty())) {
                throw new IllegalArgumentException(
                        "variant %s: the rule in %s takes the place of aggregator, clipping and mixing: write aggregator: {type: mean} and leave the others out"
                                .formatted(name, rule.get()));
            }
        }
    }

    /** Refuses a plan that cannot be run. */
    public SimulationPlan {
        variants = List.copyOf(variants);
        require(rounds >= 1, "rounds", "at least 1", rounds);
        require(steps >= 1, "steps", "at least 1", steps);
        require(!mergeTime.isNegative(), "mergeTime", "at least PT0S", mergeTime);
        require(
                charter.quorum() <= members.count(),
                "charter.quorum",
                "at most the " + members.count() + " members",
                charter.quorum());
        require(!variants.isEmpty(), "variants", "at least one", "none");
        Set<String> names = new HashSet<>();
        for (Variant variant : variants) {
            require(names.add(variant.name()), "the name of a variant", "its own", variant.name());
            if (variant.gradients().isPresent() && !learning.sharesGradients()) {
                throw new IllegalArgumentException(
                        "the variant %s shares gradients in %s, which a function in the place of text cannot judge, for its steps are plain: leave gradients out, or let members train on text"
                                .formatted(variant.name(), variant.gradients().get()));
            }
            if (variant.overlap().isPresent() && !learning.goesOn()) {
                throw new IllegalArgumentException(
                        "the variant %s has an overlap, but with optimizerState: DROPPED nothing is kept from which members could train on: write KEPT, or leave overlap out"
                                .formatted(variant.name()));
            }
            RunPlan run = run(variant, rounds, steps, seed, learning);
            PlanRules.refusal(run, charter)
                    .ifPresent(refusal -> {
                        throw new IllegalArgumentException(
                                "the variant %s would not work under the charter: %s, %s"
                                        .formatted(
                                                variant.name(),
                                                refusal.finding(),
                                                refusal.detail()));
                    });
        }
    }

    /** What the coordinator is asked to run. */
    RunPlan run(Variant variant) {
        return run(variant, rounds, steps, seed, learning);
    }

    private static RunPlan run(
            Variant variant, int rounds, int steps, long seed, Learning learning) {
        int own = variant.rounds().orElse(rounds);
        return new RunPlan(
                own,
                learning.training(own, variant.steps().orElse(steps), seed),
                variant.merge(),
                learning.scoringTokens(),
                variant.wire(),
                variant.gradients(),
                variant.overlap(),
                variant.pace(),
                Optional.empty());
    }

    static void require(boolean holds, String what, String range, Object found) {
        if (!holds) {
            throw new IllegalArgumentException("%s is %s, not %s".formatted(what, range, found));
        }
    }

    static boolean positive(double value) {
        return value > 0 && Double.isFinite(value);
    }

    /** More than e³ between members would say nothing of a consortium. */
    private static boolean isSpread(double value) {
        return value >= 0 && value <= 3;
    }
}
