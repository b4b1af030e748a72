package dev.tapestry.node.build;

import dev.tapestry.consortium.LeftOutWhenEmpty;
import dev.tapestry.consortium.LocalTraining;
import dev.tapestry.consortium.LocalTraining.Optimizer;
import dev.tapestry.node.Compute;
import dev.tapestry.training.LoraPlan;
import dev.tapestry.training.TuningPlan;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/**
 * How a stage learns. The learning rate rises over the first fiftieth of the tokens and falls along
 * half a cosine to a tenth.
 *
 * @param learningRate its peak
 * @param optimizer of the hidden matrices
 * @param batch sequences, conversations or pairs in a step
 * @param sequence tokens in a sequence; no conversation is longer
 * @param lora a change of low rank instead of all weights; with AdamW
 * @param l2ToBase how fast weights are drawn back to where the stage began
 * @param klToBase factor of the divergence from the model that the stage began with
 * @param patience ends when so many scores in a row were not better; 0 or left out for never
 * @param scores how often it is scored on the way; its model is the best of these. With 1 that is
 *     the last one, unless it is worse than the one that the stage began with
 */
public record StageTraining(
        @LeftOutWhenEmpty Optional<Double> learningRate,
        @LeftOutWhenEmpty Optional<Optimizer> optimizer,
        @LeftOutWhenEmpty Optional<Integer> batch,
        @LeftOutWhenEmpty Optional<Integer> sequence,
        @LeftOutWhenEmpty Optional<Lora> lora,
        @LeftOutWhenEmpty Optional<Double> l2ToBase,
        @LeftOutWhenEmpty Optional<Double> klToBase,
        @LeftOutWhenEmpty Optional<Integer> patience,
        @LeftOutWhenEmpty Optional<Integer> scores) {

    private static final int SCORES = 10;

    static final StageTraining NONE =
            new StageTraining(
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty());

    static final StageTraining PRETRAINING = usual(0.002, Optimizer.MUON, 8, 128);
    static final StageTraining INSTRUCTIONS = usual(0.0005, Optimizer.ADAMW, 16, 256);
    static final StageTraining ALIGNMENT = usual(0.0001, Optimizer.ADAMW, 16, 256);

    private static final double FINAL_RATIO = 0.1;
    private static final double WEIGHT_DECAY = 0.01;
    private static final double CLIP_NORM = 1;
    private static final int WARMUP_SHARE = 50;

    /**
     * A change of low rank.
     *
     * @param rank r
     * @param alpha α; twice the rank if left out
     * @param targets names of the projections; all seven if left out
     */
    public record Lora(
            int rank,
            @LeftOutWhenEmpty Optional<Double> alpha,
            @LeftOutWhenEmpty Optional<List<String>> targets) {

        LoraPlan plan() {
            LoraPlan usual = LoraPlan.of(rank);
            return new LoraPlan(
                    rank,
                    alpha.orElse(usual.alpha()),
                    targets.map(TreeSet::new).orElse(new TreeSet<>(usual.targets())));
        }
    }

    public StageTraining {
        requirePositive("learning-rate", learningRate);
        require(batch.orElse(1) > 0, "batch: at least 1");
        require(sequence.orElse(1) > 0, "sequence: at least 1");
        require(patience.orElse(0) >= 0, "patience: at least 0");
        require(scores.orElse(1) > 0, "scores: at least 1");
        require(l2ToBase.orElse(0.0) >= 0, "l2-to-base: at least 0");
        require(klToBase.orElse(0.0) >= 0, "kl-to-base: at least 0");
    }

    private static StageTraining usual(double rate, Optimizer optimizer, int batch, int sequence) {
        return new StageTraining(
                Optional.of(rate),
                Optional.of(optimizer),
                Optional.of(batch),
                Optional.of(sequence),
                Optional.empty(),
                Optional.of(0.0),
                Optional.of(0.0),
                Optional.of(0),
                Optional.of(SCORES));
    }

    /** What is left out here is taken from there. */
    StageTraining or(StageTraining usual) {
        return new StageTraining(
                learningRate.or(usual::learningRate),
                optimizer.or(() -> lora.map(_ -> Optimizer.ADAMW)).or(usual::optimizer),
                batch.or(usual::batch),
                sequence.or(usual::sequence),
                lora,
                l2ToBase.or(usual::l2ToBase),
                klToBase.or(usual::klToBase),
                patience.or(usual::patience),
                scores.or(usual::scores));
    }

    /** The same with another peak of the learning rate. */
    public StageTraining withLearningRate(double other) {
        return new StageTraining(
                Optional.of(other),
                optimizer,
                batch,
                sequence,
                lora,
                l2ToBase,
                klToBase,
                patience,
                scores);
    }

    /** All weights, by rate, optimiser and size of a step. */
    public static StageTraining full(double rate, Optimizer optimizer, int batch, int sequence) {
        return new StageTraining(
                Optional.of(rate),
                Optional.of(optimizer),
                Optional.of(batch),
                Optional.of(sequence),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
    }

    /** The same, scored so often on the way. */
    public StageTraining scored(int times) {
        return new StageTraining(
                learningRate,
                optimizer,
                batch,
                sequence,
                lora,
                l2ToBase,
                klToBase,
                patience,
                Optional.of(times));
    }

    int sequenceLength() {
        return sequence.orElseThrow();
    }

    /** Sequences, conversations or pairs in a step. */
    public int sequences() {
        return batch.orElseThrow();
    }

    /**
     * What the trainer takes; to be asked of settings in which nothing is left out.
     *
     * @param tokens that the schedule runs over
     */
    TuningPlan plan(long tokens, long seed, Compute compute) {
        LocalTraining training =
                new LocalTraining(
                        1,
                        optimizer.orElseThrow(),
                        learningRate.orElseThrow(),
                        FINAL_RATIO,
                        LocalTraining.Schedule.COSINE,
                        tokens / WARMUP_SHARE,
                        tokens,
                        sequences(),
                        sequenceLength(),
                        WEIGHT_DECAY,
                        CLIP_NORM,
                        seed);
        return new TuningPlan(
                TrainingPlans.of(training, compute),
                lora.map(Lora::plan),
                l2ToBase.orElseThrow(),
                klToBase.orElseThrow());
    }

    static void require(boolean holds, String what) {
        if (!holds) {
            throw new IllegalArgumentException(what);
        }
    }

    static void requirePositive(String key, Optional<Double> value) {
        value.ifPresent(number ->
                require(number > 0 && Double.isFinite(number), key + ": above 0, not " + number));
    }

    static void requireEpochs(double epochs, Optional<Double> holdOut) {
        requirePositive("epochs", Optional.of(epochs));
        holdOut.ifPresent(share ->
                require(share > 0 && share < 1, "hold-out: above 0 and below 1, not " + share));
    }
}
