package dev.tapestry.corpus;

import java.nio.file.Path;

/** A corpus as token shards: what may be trained on, and what is only ever scored. */
public record PackedCorpus(PackedSide train, PackedSide heldOut) {

    /** The name of the shard that may be trained on. */
    public static final String TRAIN_FILE = "train.tokens";

    /** The name of the shard that is only scored. */
    public static final String HELD_OUT_FILE = "held-out.tokens";

    /** Where a packed corpus keeps its training tokens. */
    public static Path trainFile(Path directory) {
        return directory.resolve(TRAIN_FILE);
    }

    /** Where a packed corpus keeps its held-out tokens. */
    public static Path heldOutFile(Path directory) {
        return directory.resolve(HELD_OUT_FILE);
    }
}
