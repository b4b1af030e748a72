package dev.tapestry.consortium;

/** What is done to each member's update by itself before a merge. */
public sealed interface Clipping {

    /**
     * Each tensor of an update that is longer than the median of the members' norms of that tensor
     * is scaled down to the median (SparseLoCo, arXiv 2508.15706); of an even number of norms the
     * lower middle one is the median, as in PyTorch. Weights are ignored: the bound holds as long
     * as fewer than half of the members are wrong, however much they weigh.
     */
    record MedianNorm() implements Clipping {}
}
