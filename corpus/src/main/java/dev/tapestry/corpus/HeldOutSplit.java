package dev.tapestry.corpus;

import dev.tapestry.consortium.Digest;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;

/**
 * Decides which documents are never trained on. The decision depends only on the document's group,
 * or on its text when it has none: it is the same on every machine and in any order, and two equal
 * documents are always on the same side.
 *
 * <p>A document is held out when the first 53 bits of {@code SHA-256(salt ‖ 0 ‖ key)}, as a
 * fraction of 2⁵³, are below {@code fraction}.
 *
 * @param fraction the expected share of groups (or documents) that is held out, 0 to 1
 * @param salt makes another split of the same text; usually empty
 */
public record HeldOutSplit(double fraction, String salt) {

    private static final double TWO_TO_53 = 0x1p53;

    public HeldOutSplit {
        if (!(fraction >= 0 && fraction <= 1)) {
            throw new IllegalArgumentException(
                    "the held-out fraction lies between 0 and 1, not " + fraction);
        }
    }

    /** A split without salt. */
    public HeldOutSplit(double fraction) {
        this(fraction, "");
    }

    /** Whether {@code document} must not be trained on. */
    public boolean holdsOut(Document document) {
        MessageDigest sha = Digest.sha256();
        sha.update(salt.getBytes(StandardCharsets.UTF_8));
        sha.update((byte) 0);
        sha.update(document.group().orElse(document.text()).getBytes(StandardCharsets.UTF_8));
        long first53Bits = ByteBuffer.wrap(sha.digest()).getLong() >>> 11;
        return first53Bits / TWO_TO_53 < fraction;
    }
}
