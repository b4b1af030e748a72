package dev.tapestry.app.demo;

import dev.tapestry.consortium.Aggregator;
import dev.tapestry.consortium.Charter;
import dev.tapestry.consortium.Clipping;
import dev.tapestry.consortium.CodecName;
import dev.tapestry.consortium.LocalTraining;
import dev.tapestry.consortium.LocalTraining.Optimizer;
import dev.tapestry.consortium.LocalTraining.Schedule;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.OuterOptimizer;
import dev.tapestry.consortium.RunPlan;
import dev.tapestry.consortium.Weighting;
import dev.tapestry.consortium.Wire;
import java.time.Duration;
import java.util.Optional;

/**
 * What the demo runs, and what it is compared with. All numbers were tuned with the study commands;
 * docs/results/demo.md says what was tried.
 *
 * @param consortium who takes part
 * @param seed of data orders and fresh weights
 * @param fromScratch start from random weights instead of the adopted base
 * @param rounds of the loop
 */
public record DemoSettings(DemoConsortium consortium, long seed, boolean fromScratch, int rounds) {

    /** Rounds, unless said otherwise. */
    public static final int DEFAULT_ROUNDS = 22;

    /** Share of each corpus that is held out, by sitting day or resource. */
    public static final double HELD_OUT = 0.2;

    /** Held-out tokens on which the final table is measured, per member. */
    static final long TABLE_TOKENS = 20_000;

    private static final int LOCAL_STEPS = 4;
    private static final int BATCH = 8;
    private static final int SEQUENCE = 128;
    private static final long SCORING_TOKENS = 2_048;
    private static final int PRIVATE_STEPS = 40;
    private static final double CLIP = 1.0;
    private static final double OUTER_RATE = 1.0;
    private static final double OUTER_MOMENTUM = 0;
    private static final CodecName WEIGHTS = new CodecName("int4/1");
    private static final CodecName GRADIENTS = new CodecName("int8/1");
    private static final double FINAL_RATE = 0.1;
    private static final double FROM_SCRATCH = 1.5;
    private static final double DECAY = 0.01;

    /** The charter of the demo's consortium. */
    static Charter charter() {
        return new Charter(
                "Demo consortium",
                Weighting.EQUAL,
                0.5,
                3,
                Duration.ofMinutes(15),
                Duration.ofMinutes(2),
                8,
                0.5,
                0.05,
                1L << 30);
    }

    /** The run of the loop. */
    RunPlan run() {
        return new RunPlan(
                        rounds,
                        training(LOCAL_STEPS, BATCH, loopSteps(), rates().loop()),
                        MergeRule.of(
                                        OuterOptimizer.diLoCo(OUTER_RATE, OUTER_MOMENTUM),
                                        new Aggregator.NormPreserving())
                                .clipped(new Clipping.MedianNorm()),
                        SCORING_TOKENS)
                .over(new Wire(Optional.of(WEIGHTS), Optional.of(WEIGHTS)))
                .sharing(GRADIENTS);
    }

    /** Steps of one member in the whole loop. */
    int loopSteps() {
        return rounds * LOCAL_STEPS;
    }

    /** Private continued pre-training of the shared base. */
    LocalTraining sovereign() {
        return training(PRIVATE_STEPS, BATCH, PRIVATE_STEPS, rates().privately());
    }

    /** Training alone from the adopted base, with the tokens of loop and private training. */
    LocalTraining alone() {
        int steps = loopSteps() + PRIVATE_STEPS;
        return training(steps, BATCH, steps, rates().alone());
    }

    /** Training on all members' text together, with the loop's total tokens and global batch. */
    LocalTraining central() {
        return training(
                loopSteps(), BATCH * consortium.members().size(), loopSteps(), rates().central());
    }

    /**
     * Bytes that data-parallel training would have moved for the loop's steps: each member sends a
     * gradient in fp32 and receives their mean, every step.
     */
    long dataParallelBytes(long parameters) {
        return 2L * Float.BYTES * parameters * loopSteps() * consortium.members().size();
    }

    private LocalTraining training(int steps, int batch, int scheduleSteps, double rate) {
        long total = (long) scheduleSteps * batch * SEQUENCE;
        return new LocalTraining(
                steps,
                Optimizer.MUON,
                rate * (fromScratch ? FROM_SCRATCH : 1),
                FINAL_RATE,
                Schedule.COSINE,
                total / 50,
                total,
                batch,
                SEQUENCE,
                DECAY,
                CLIP,
                seed);
    }

    /**
     * Peak learning rates of the hidden matrices.
     *
     * @param loop of the members in the loop
     * @param privately of private training; who has read all its text several times in the loop
     *     soon learns it by heart
     * @param alone of training alone
     * @param central of central training
     */
    private record Rates(double loop, double privately, double alone, double central) {}

    private Rates rates() {
        return switch (consortium) {
            case HEALTH -> new Rates(0.028, 0.0015, 0.009, 0.025);
            case NATIONS -> new Rates(0.022, 0.008, 0.01, 0.02);
        };
    }
}
