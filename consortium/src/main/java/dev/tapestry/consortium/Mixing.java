package dev.tapestry.consortium;

/**
 * What puts means of several updates in the place of single ones before a robust aggregator, so
 * that honest members whose data differ look less like liars. A mean is weighted by the charter's
 * weights and weighs as much as the members in it, so that mixing and then taking the mean would
 * change nothing for buckets; with equal weights it is the papers'.
 */
public sealed interface Mixing {

    /**
     * The members in random order, cut into buckets, each replaced by its mean (arXiv 2006.09365,
     * Algorithm 1). The order is drawn from the digests of base and contributions: nobody knows it
     * before the last contribution is there.
     *
     * @param size members in a bucket (s), at least 2; the last bucket may have fewer
     */
    record Bucketing(int size) implements Mixing {
        public Bucketing {
            Bounds.atLeast(2, "the size of a bucket", size);
        }
    }

    /**
     * Each update replaced by the mean of the n − f updates nearest to it, itself among them (arXiv
     * 2302.01772, Algorithm 2). Distances are those of whole models. The mean weighs as much as the
     * member in whose place it stands.
     *
     * @param byzantine members that may be wrong (f), at least 1; fewer than half of all
     */
    record NearestNeighbour(int byzantine) implements Mixing {
        public NearestNeighbour {
            Bounds.atLeast(1, "byzantine", byzantine);
        }
    }
}
