package dev.tapestry.node.build;

import dev.tapestry.consortium.LeftOutWhenEmpty;
import dev.tapestry.consortium.LocalTraining;
import java.util.Optional;

/** One stage of a Sovereign Build. */
public sealed interface BuildStage {

    /** How it is called in reports. */
    String title();

    /** The same with a share of its tokens, at least one step. */
    BuildStage shortened(double share);

    /**
     * Stage A: private continued pre-training on a text.
     *
     * @param corpus a directory with a card
     * @param tokens to train on, rounded up to whole steps
     * @param learningRate the peak; 0.002 if left out, for Muon
     * @param optimizer of the hidden matrices; Muon if left out
     * @param batch sequences in a step; 8 if left out
     * @param sequence tokens in a sequence; 128 if left out
     */
    record Pretrain(
            String corpus,
            long tokens,
            @LeftOutWhenEmpty Optional<Double> learningRate,
            @LeftOutWhenEmpty Optional<LocalTraining.Optimizer> optimizer,
            @LeftOutWhenEmpty Optional<Integer> batch,
            @LeftOutWhenEmpty Optional<Integer> sequence)
            implements BuildStage {

        private static final double FINAL_RATIO = 0.1;
        private static final double WEIGHT_DECAY = 0.01;
        private static final double CLIP_NORM = 1;
        private static final int WARMUP_SHARE = 50;

        public Pretrain {
            training(tokens, learningRate, optimizer, batch, sequence, 0);
        }

        @Override
        public String title() {
            return "A, private continued pre-training";
        }

        @Override
        public BuildStage shortened(double share) {
            return new Pretrain(
                    corpus,
                    Math.max(1, Math.round(tokens * share)),
                    learningRate,
                    optimizer,
                    batch,
                    sequence);
        }

        /** What the trainer does. */
        LocalTraining training(long seed) {
            return training(tokens, learningRate, optimizer, batch, sequence, seed);
        }

        private static LocalTraining training(
                long tokens,
                Optional<Double> learningRate,
                Optional<LocalTraining.Optimizer> optimizer,
                Optional<Integer> batch,
                Optional<Integer> sequence,
                long seed) {
            long perStep = (long) batch.orElse(8) * sequence.orElse(128);
            if (tokens < 1 || perStep < 1 || tokens / perStep >= Integer.MAX_VALUE) {
                throw new IllegalArgumentException(
                        "tokens: %d in steps of %d are not 1 to 2^31 steps"
                                .formatted(tokens, perStep));
            }
            int steps = (int) Math.ceilDiv(tokens, perStep);
            return new LocalTraining(
                    steps,
                    optimizer.orElse(LocalTraining.Optimizer.MUON),
                    learningRate.orElse(0.002),
                    FINAL_RATIO,
                    LocalTraining.Schedule.COSINE,
                    steps * perStep / WARMUP_SHARE,
                    steps * perStep,
                    batch.orElse(8),
                    sequence.orElse(128),
                    WEIGHT_DECAY,
                    CLIP_NORM,
                    seed);
        }
    }
}
