package dev.tapestry.aggregation;

import dev.tapestry.consortium.Aggregator;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.OuterOptimizer;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What a merge keeps for the next, of each parameter: a directory laid out as the base, all F32.
 */
enum Buffer {
    /** b or m: the running sum or mean of the aggregated updates. */
    FIRST_MOMENT(0, "first-moment"),
    /** v: the running mean or sum of their squares. */
    SECOND_MOMENT(1, "second-moment"),
    /** Δ itself, from which the rule goes on. */
    PREVIOUS_UPDATE(2, "previous-update"),
    /** The sum of the updates since the momentum last turned. */
    GATHERED_UPDATES(3, "gathered-updates"),
    /** Δ itself under a rule that does not ask for it: for the next merge's figures alone. */
    KEPT_UPDATE(4, "kept-update");

    private final int index;
    private final String folder;

    Buffer(int index, String folder) {
        this.index = index;
        this.folder = folder;
    }

    /** Its place among all, from 0. */
    int index() {
        return index;
    }

    /** Its directory within an {@link OuterState}. */
    String folder() {
        return folder;
    }

    /** Which of {@code kept} holds Δ itself; empty if none does. */
    static Optional<Buffer> update(Set<Buffer> kept) {
        return Stream.of(PREVIOUS_UPDATE, KEPT_UPDATE).filter(kept::contains).findFirst();
    }

    /** What {@code rule} keeps, in the order of this enum. */
    static Set<Buffer> of(MergeRule rule) {
        EnumSet<Buffer> kept =
                switch (rule.outer()) {
                    case OuterOptimizer.Sgd(double rate, double momentum, boolean nesterov) ->
                            momentum > 0 ? EnumSet.of(FIRST_MOMENT) : EnumSet.noneOf(Buffer.class);
                    case OuterOptimizer.Adaptive _ -> EnumSet.of(FIRST_MOMENT, SECOND_MOMENT);
                    case OuterOptimizer.DelayedNesterov _ ->
                            EnumSet.of(FIRST_MOMENT, GATHERED_UPDATES);
                    case OuterOptimizer.Measured _ -> EnumSet.of(FIRST_MOMENT, PREVIOUS_UPDATE);
                };
        if (rule.aggregator() instanceof Aggregator.CentredClipping) {
            kept.add(PREVIOUS_UPDATE);
        }
        return Collections.unmodifiableSet(kept);
    }
}
