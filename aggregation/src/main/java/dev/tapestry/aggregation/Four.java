package dev.tapestry.aggregation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Up to four members that go through a kernel together, so that the base and the sum are loaded and
 * stored once for all of them. Immutable.
 */
final class Four {

    /** How many go together. */
    static final int SIZE = 4;

    private final int size;
    private final int[] slots = new int[SIZE];
    private final float[] factors = new float[SIZE];

    /** The rest is filled up with the base itself, whose update is zero. */
    private Four(int[] members, float[] byMember, int base) {
        this.size = members.length;
        Arrays.fill(slots, base);
        for (int k = 0; k < size; k++) {
            slots[k] = members[k];
            factors[k] = byMember[members[k]];
        }
    }

    /**
     * Puts members together, in their order.
     *
     * @param members some of all
     * @param factors by member, of all
     */
    static List<Four> of(int[] members, float[] factors) {
        List<Four> fours = new ArrayList<>();
        for (int from = 0; from < members.length; from += SIZE) {
            int to = Math.min(members.length, from + SIZE);
            fours.add(new Four(Arrays.copyOfRange(members, from, to), factors, factors.length));
        }
        return List.copyOf(fours);
    }

    /** 1 to {@link #SIZE} members. */
    int size() {
        return size;
    }

    /** The place of the k-th in a {@link Chunk}; k may go to the last of {@link #SIZE}. */
    int slot(int k) {
        return slots[k];
    }

    /** How often the k-th update is added. */
    float factor(int k) {
        return factors[k];
    }
}
