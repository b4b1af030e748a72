package dev.tapestry.node.build;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.LeftOutWhenEmpty;
import dev.tapestry.node.Compute;
import dev.tapestry.training.Precision;
import java.util.List;
import java.util.Optional;

/**
 * All that determines what a stage comes to. Its digest is the stage's key: what was made of the
 * same order is not made again.
 *
 * @param format of this record and of what trainers do; another one is another result
 * @param stage with its settings
 * @param model digest of the model that the stage begins with
 * @param texts digests of the data that it reads, in a fixed order
 * @param seed of what is drawn
 * @param precision of matrix products, if they are not in fp32
 * @param device "cuda", if it is not learnt on the processors
 */
public record StageOrder(
        int format,
        BuildStage stage,
        Digest model,
        List<Text> texts,
        long seed,
        @LeftOutWhenEmpty Optional<Precision> precision,
        @LeftOutWhenEmpty Optional<String> device) {

    static final int FORMAT = 1;

    /**
     * A text that a stage reads.
     *
     * @param role what for
     * @param content digest of what is read
     * @param card digest of the card that permits it
     */
    public record Text(String role, Digest content, Digest card) {

        /** Of a text that shall not be forgotten. */
        static final String REPLAY = "replay";

        /** Of files, together with which of their lines were left out as protected. */
        static final String LEFT_OUT = "left out";
    }

    public StageOrder {
        texts = List.copyOf(texts);
    }

    /** What is ordered on this machine: other products round otherwise. */
    static StageOrder of(
            BuildStage stage, Digest model, List<Text> texts, long seed, Compute compute) {
        return new StageOrder(
                FORMAT,
                stage,
                model,
                texts,
                seed,
                Optional.of(compute.precision().resolved())
                        .filter(precision -> precision != Precision.FP32),
                compute.device().gpu().isPresent() ? Optional.of("cuda") : Optional.empty());
    }
}
