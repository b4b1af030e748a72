package dev.tapestry.aggregation;

/**
 * The sums that a merge collects on its way, each chunk's (see {@link LaneSums}) added up in double
 * precision: for each member ‖Δₘ‖² and ⟨Δₘ, Δ⟩, and for each {@link TensorGroup} those of {@link
 * Of}.
 *
 * <p>Not safe for several threads: each window has its own, added up in order afterwards.
 */
final class MergeSums {

    /** What is summed for a group of tensors. */
    enum Of {
        /** Σ wₘ ‖Δₘ‖². */
        MEMBERS_SQUARED(0),
        /** ‖Δ‖². */
        AGGREGATE_SQUARED(1),
        /** ‖b‖² of the first moment before this merge. */
        MOMENTUM_SQUARED(2),
        /** ⟨b, Δ⟩. */
        MOMENTUM_WITH_AGGREGATE(3),
        /** ‖Δ₋₁‖² of the update before. */
        PREVIOUS_SQUARED(4),
        /** ⟨Δ₋₁, Δ⟩. */
        PREVIOUS_WITH_AGGREGATE(5);

        private final int index;

        Of(int index) {
            this.index = index;
        }

        /** Its place among all, from 0. */
        int index() {
            return index;
        }
    }

    private static final int EACH = Of.values().length;

    private final int members;
    private final double[] values;

    MergeSums(int members) {
        this(members, new double[length(members)]);
    }

    /** Sums that were written down as {@link #values}. */
    MergeSums(int members, double[] values) {
        this.members = members;
        this.values = values.clone();
    }

    /** How many values the sums of so many members are. */
    static int length(int members) {
        return 2 * members + TensorGroup.values().length * EACH;
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

    double of(TensorGroup group, Of what) {
        return values[index(group, what)];
    }

    /** Over all groups, in their order. */
    double total(Of what) {
        double sum = 0;
        for (TensorGroup group : TensorGroup.values()) {
            sum += of(group, what);
        }
        return sum;
    }

    void addMember(int member, double squared, double withAggregate) {
        values[2 * member] += squared;
        values[2 * member + 1] += withAggregate;
    }

    void add(TensorGroup group, Of what, double value) {
        values[index(group, what)] += value;
    }

    void add(MergeSums other) {
        for (int i = 0; i < values.length; i++) {
            values[i] += other.values[i];
        }
    }

    private int index(TensorGroup group, Of what) {
        return 2 * members + group.index() * EACH + what.index();
    }
}
