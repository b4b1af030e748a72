package dev.tapestry.aggregation;

import dev.tapestry.aggregation.MergeHeadway.Step;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * Counts what a merge has worked on, and tells it window by window. One thread begins steps and
 * shards; any number add.
 */
final class MergeCount {

    private final Consumer<MergeHeadway> told;
    private final int shards;
    private final AtomicLong done = new AtomicLong();
    private volatile Step step = Step.CHECKING;
    private volatile int shard;
    private volatile long all;

    /**
     * A count of nothing yet.
     *
     * @param told hears it on the threads that work, so it must return at once
     */
    MergeCount(Consumer<MergeHeadway> told, int shards) {
        this.told = told;
        this.shards = shards;
    }

    /** For who does not want to know. */
    static MergeCount unheard() {
        return new MergeCount(_ -> {}, 0);
    }

    /** Another step, of which so many elements are done already. */
    void begin(Step next, long before, long elements) {
        step = next;
        shard = 0;
        all = elements;
        done.set(before);
        tell(before);
    }

    /** The step has come to this shard, counted from 1. */
    void shard(int number) {
        shard = number;
        tell(done.get());
    }

    /** So many elements more. */
    void add(long elements) {
        tell(done.addAndGet(elements));
    }

    private void tell(long elements) {
        told.accept(new MergeHeadway(step, shard, shards, elements, all));
    }
}
