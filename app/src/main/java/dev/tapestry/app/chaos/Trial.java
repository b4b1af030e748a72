package dev.tapestry.app.chaos;

import dev.tapestry.consortium.Digest;

/**
 * What came of one fault.
 *
 * @param round in which it was done
 * @param fault what was done
 * @param node the node that was killed, or whose work gave the moment
 * @param base of the round
 * @param undisturbed the base of the same round in the run that nobody disturbed
 * @param seconds from the kill to the round's base
 * @param stepsAgain training steps of the round that were done more than once, by all nodes
 * @param bytesAgain bytes that nodes sent in the round beyond what they send in an undisturbed one
 */
record Trial(
        int round,
        Fault fault,
        String node,
        Digest base,
        Digest undisturbed,
        double seconds,
        long stepsAgain,
        long bytesAgain) {

    /** Whether it came out as if nothing had happened. */
    boolean same() {
        return base.equals(undisturbed);
    }
}
