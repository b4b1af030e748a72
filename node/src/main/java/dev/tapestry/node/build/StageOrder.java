package dev.tapestry.node.build;

import dev.tapestry.consortium.Digest;
import java.util.List;

/**
 * All that determines what a stage comes to. Its digest is the stage's key: what was made of the
 * same order is not made again.
 *
 * @param format of this record and of what trainers do; another one is another result
 * @param stage with its settings
 * @param model digest of the model that the stage begins with
 * @param texts digests of the data that it reads, in a fixed order
 * @param seed of what is drawn
 */
public record StageOrder(int format, BuildStage stage, Digest model, List<Text> texts, long seed) {

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
    }

    public StageOrder {
        texts = List.copyOf(texts);
    }
}
