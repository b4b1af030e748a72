package dev.tapestry.node.build;

import dev.tapestry.consortium.Digest;
import java.time.Instant;

/**
 * Data, or a model, that must not be built of any more.
 *
 * @param data its digest: of a text, of a card, of a source of a prepared text, or of a model
 * @param reason in the words of whoever withdrew it
 * @param at when
 */
public record WithdrawnData(Digest data, String reason, Instant at) {

    public WithdrawnData {
        if (reason.isBlank() || reason.length() > 500) {
            throw new IllegalArgumentException("a reason has 1 to 500 characters");
        }
    }
}
