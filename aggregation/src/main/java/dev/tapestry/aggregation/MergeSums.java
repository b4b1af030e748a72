package dev.tapestry.aggregation;

/**
 * The sums that a merge collects on its way, each chunk's (see {@link LaneSums}) added up in double
 * precision: for each member ‖Δₘ‖² and ⟨Δₘ, Δ⟩, then ‖Δ‖², ‖b‖² and ⟨b, Δ⟩.
 *
 * <p>Not safe for several threads: each window has its own, added up in order afterwards.
 */
final class MergeSums {

    private static final int SHARED = 3;

    private final int members;
    private final double[] values;

    MergeSums(int members) {
        this(members, new double[2 * members + SHARED]);
    }

    /** Sums that were written down as {@link #values}. */
    MergeSums(int members, double[] values) {
        this.members = members;
        this.values = values.clone();
    }

    /** How many values the sums of so many members are. */
    static int length(int members) {
        return 2 * members + SHARED;
    }

    double[] values() {
        return values.clone();
    }

    double memberSquared(int member) {
        return values[2 * member];
    }

    double memberWithAggregate(int member) {
        return values[2 * member + 1];
    }

    double aggregateSquared() {
        return values[2 * members];
    }

    double momentumSquared() {
        return values[2 * members + 1];
    }

    double momentumWithAggregate() {
        return values[2 * members + 2];
    }

    void addMember(int member, double squared, double withAggregate) {
        values[2 * member] += squared;
        values[2 * member + 1] += withAggregate;
    }

    void addAggregate(double squared) {
        values[2 * members] += squared;
    }

    void addMomentum(double squared, double withAggregate) {
        values[2 * members + 1] += squared;
        values[2 * members + 2] += withAggregate;
    }

    void add(MergeSums other) {
        for (int i = 0; i < values.length; i++) {
            values[i] += other.values[i];
        }
    }
}
