package dev.tapestry.app.study;

import dev.tapestry.consortium.LeftOutWhenEmpty;
import dev.tapestry.consortium.LocalTraining;
import dev.tapestry.consortium.PrimalAveraging;
import dev.tapestry.training.LearningRateSchedule;
import dev.tapestry.training.OptimizerPlan;
import dev.tapestry.training.Precision;
import dev.tapestry.training.TrainingPlan;
import java.util.Optional;

/**
 * How one model learns in an arm: the inner optimiser with its settings.
 *
 * @param optimizer of the hidden matrices; the rest is always AdamW
 * @param learningRate peak rate of the hidden matrices
 * @param embeddingRate peak rate of embedding and norms where the optimiser is Muon; as the hidden
 *     matrices' unless said
 * @param embeddingEpsilon AdamW's epsilon for them, where the optimiser is Muon
 * @param batchSequences sequences of each member in a step; central training takes as many for each
 *     member, so that the global batch is the same
 * @param averaging around the inner optimiser; empty for none
 */
public record Recipe(
        LocalTraining.Optimizer optimizer,
        double learningRate,
        Optional<Double> embeddingRate,
        double embeddingEpsilon,
        int batchSequences,
        @LeftOutWhenEmpty Optional<PrimalAveraging> averaging) {

    /** A recipe without averaging. */
    public Recipe(
            LocalTraining.Optimizer optimizer,
            double learningRate,
            Optional<Double> embeddingRate,
            double embeddingEpsilon,
            int batchSequences) {
        this(
                optimizer,
                learningRate,
                embeddingRate,
                embeddingEpsilon,
                batchSequences,
                Optional.empty());
    }

    /** Tokens in a sequence, in training and in scoring. */
    public static final int SEQUENCE = 128;

    /**
     * Of all trainings and scores: numbers are to be the same on a processor that has bf16 and on
     * one that has not.
     */
    public static final Precision PRECISION = Precision.FP32;

    private static final double DECAY = 0.01;
    private static final double FINAL_RATE = 0.1;
    private static final double CLIP_NORM = 1.0;
    private static final long WARMUP_SHARE = 50;

    /**
     * The plan of one trainer.
     *
     * @param members whose batches it takes together: 1, or all of them in central training
     * @param tokens that the schedule runs over
     */
    public TrainingPlan plan(int members, long tokens, long seed, int threads) {
        return new TrainingPlan(
                        inner(),
                        new LearningRateSchedule.Cosine(tokens / WARMUP_SHARE, tokens, FINAL_RATE),
                        batchSequences * members,
                        SEQUENCE,
                        CLIP_NORM,
                        PRECISION,
                        seed,
                        threads)
                .withAveraging(averaging);
    }

    /**
     * What a coordinator announces of it for a run.
     *
     * @param rounds over which the schedule runs
     * @param steps of a round
     */
    public LocalTraining training(int rounds, int steps, long seed) {
        long tokens = (long) rounds * steps * batchSequences * SEQUENCE;
        return new LocalTraining(
                steps,
                optimizer,
                learningRate,
                FINAL_RATE,
                LocalTraining.Schedule.COSINE,
                tokens / WARMUP_SHARE,
                tokens,
                batchSequences,
                SEQUENCE,
                DECAY,
                CLIP_NORM,
                seed);
    }

    /** The same with another peak rate; the embedding's stays as many times it. */
    Recipe withLearningRate(double rate) {
        return new Recipe(
                optimizer,
                rate,
                embeddingRate.map(embedding -> embedding / learningRate * rate),
                embeddingEpsilon,
                batchSequences,
                averaging);
    }

    private OptimizerPlan inner() {
        return switch (optimizer) {
            case ADAMW -> OptimizerPlan.AdamW.of(learningRate, DECAY);
            case MUON ->
                    new OptimizerPlan.Muon(
                            learningRate,
                            0.95,
                            DECAY,
                            new OptimizerPlan.AdamW(
                                    embeddingRate.orElse(learningRate),
                                    0.9,
                                    0.95,
                                    embeddingEpsilon,
                                    DECAY));
        };
    }
}
