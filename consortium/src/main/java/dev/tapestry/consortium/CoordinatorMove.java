package dev.tapestry.consortium;

/**
 * What members sign when the coordinator is to move: the log ends for the old one after {@code
 * size} entries, and the new one goes on from there.
 *
 * @param consortium its name
 * @param origin of its log
 * @param size entries that move; the next one is the move itself
 * @param root of the tree over them
 * @param from public key of the old coordinator
 * @param to the new one
 */
public record CoordinatorMove(
        String consortium, String origin, long size, Digest root, String from, Successor to) {

    public CoordinatorMove {
        if (size < 1) {
            throw new IllegalArgumentException("a log that moves has entries, not " + size);
        }
        if (from.equals(to.key())) {
            throw new IllegalArgumentException("the coordinator moves to a key of its own");
        }
    }

    /** Whether so many of so many members are enough: more than half. */
    public static boolean carried(int agreeing, int active) {
        return agreeing > active / 2;
    }
}
