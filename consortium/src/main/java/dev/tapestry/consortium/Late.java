package dev.tapestry.consortium;

/**
 * That a contribution was made for an earlier round than the one that merges it.
 *
 * @param round that it was trained in, by whose plan and from whose base
 * @param staleness bases published since then; 0 where that round gave none
 */
public record Late(RoundNumber round, int staleness) {

    public Late {
        if (staleness < 0) {
            throw new IllegalArgumentException("staleness is at least 0, not " + staleness);
        }
    }
}
