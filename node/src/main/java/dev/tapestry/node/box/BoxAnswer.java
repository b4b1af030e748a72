package dev.tapestry.node.box;

import dev.tapestry.consortium.RoundNumber;
import java.util.Optional;

/**
 * {@code answer.json}: what became of what lay in the box.
 *
 * @param round it was for
 * @param work what it was
 * @param admitted whether the coordinator has taken it
 * @param code why not: of the coordinator's findings, or of the gateway
 * @param detail for people; what it is called in the log, if it was taken
 */
public record BoxAnswer(
        RoundNumber round, Work work, boolean admitted, Optional<String> code, String detail) {

    private static final String CLOSED = "ROUND_CLOSED";

    /** Whether it is kept, and to be handed in once more when the next round collects. */
    public boolean comesAgain() {
        return !admitted && code.equals(Optional.of(CLOSED));
    }

    /** What is carried back. */
    public enum Work {
        /** Weights, and what goes with them. */
        CONTRIBUTION,
        /** Numbers. */
        SCORE
    }
}
