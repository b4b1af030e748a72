package dev.tapestry.node.build;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import java.nio.file.Path;

/**
 * A model that a member made for itself.
 *
 * @param member whose it is
 * @param directory Hugging Face files, {@code weights.gguf} and the model card
 * @param digest of the Hugging Face files, as bases are named
 * @param base digest of what it was made from
 * @param tokens it was trained on for this
 * @param baseBitsPerByte the base's loss on the member's held-out text
 * @param bitsPerByte its own
 */
public record SovereignModel(
        MemberId member,
        Path directory,
        Digest digest,
        Digest base,
        long tokens,
        double baseBitsPerByte,
        double bitsPerByte) {}
