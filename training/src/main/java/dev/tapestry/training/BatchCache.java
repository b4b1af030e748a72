package dev.tapestry.training;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Keys and values of several sequences of different lengths, each in a slot of its own: {@code
 * [slots · capacity, heads · headSize]} for each layer, position by position.
 *
 * <p>The sequences that take a step together lie in the first slots. Their rows end at different
 * places; what lies beyond is masked.
 */
final class BatchCache implements AutoCloseable {

    private final Llama model;
    private NativeTensors owned = new NativeTensors();
    private List<Tensor> keys = List.of();
    private List<Tensor> values = List.of();
    private int slots;
    private int capacity;

    /** Without room yet. */
    BatchCache(Llama model) {
        this.model = model;
    }

    /** Makes room for so many sequences of so many positions; what there is stays. */
    void reserve(int wantedSlots, int wantedCapacity) {
        if (wantedSlots <= slots && wantedCapacity <= capacity) {
            return;
        }
        int moreSlots = Math.max(slots, wantedSlots);
        int moreCapacity = Math.max(capacity, wantedCapacity);
        NativeTensors room = new NativeTensors();
        List<Tensor> moreKeys;
        List<Tensor> moreValues;
        try {
            moreKeys = grown(keys, moreSlots, moreCapacity, room);
            moreValues = grown(values, moreSlots, moreCapacity, room);
        } catch (RuntimeException | Error e) {
            room.close();
            throw e;
        }
        owned.close();
        owned = room;
        keys = moreKeys;
        values = moreValues;
        slots = moreSlots;
        capacity = moreCapacity;
    }

    /** Gives the room back, with all that is in it. */
    void clear() {
        owned.close();
        owned = new NativeTensors();
        keys = List.of();
        values = List.of();
        slots = 0;
        capacity = 0;
    }

    private List<Tensor> grown(
            List<Tensor> before, int moreSlots, int moreCapacity, NativeTensors room) {
        List<Tensor> after = new ArrayList<>();
        long width = model.config().keyValueSize();
        for (int i = 0; i < model.config().layers(); i++) {
            try (PointerScope _ = new PointerScope()) {
                // Zeros: what is masked is multiplied by zero, and must be a number.
                Tensor store =
                        model.parameters()
                                .values()
                                .new_zeros((long) moreSlots * moreCapacity, width);
                if (!before.isEmpty() && slots > 0) {
                    store.view(moreSlots, moreCapacity, width)
                            .narrow(0, 0, slots)
                            .narrow(1, 0, capacity)
                            .copy_(before.get(i).view(slots, capacity, width));
                }
                after.add(room.keep(store));
            }
        }
        return after;
    }

    /** Copies the first {@code length} positions of one slot to another. */
    void move(int from, int to, int length) {
        for (List<Tensor> stores : List.of(keys, values)) {
            for (Tensor store : stores) {
                try (PointerScope _ = new PointerScope()) {
                    store.narrow(0, (long) to * capacity, length)
                            .copy_(store.narrow(0, (long) from * capacity, length));
                }
            }
        }
    }

    /** The next {@code length} positions of one sequence, which has {@code first} already. */
    Past chunk(int slot, int first, int length) {
        Tensor mask =
                first == 0
                        ? null
                        : beside(
                                Tensor.create(
                                        triangle(first, length), 1, 1, length, first + length));
        return new Chunk(slot, first, length, mask);
    }

    /** One position of each of the first sequences, which have so many already. */
    Past together(int[] lengths, LlamaForward forward) {
        int longest = 0;
        int shortest = Integer.MAX_VALUE;
        long[] rows = new long[lengths.length];
        long[] positions = new long[lengths.length];
        for (int row = 0; row < lengths.length; row++) {
            longest = Math.max(longest, lengths[row] + 1);
            shortest = Math.min(shortest, lengths[row] + 1);
            rows[row] = (long) row * capacity + lengths[row];
            positions[row] = lengths[row];
        }
        Tensor turns =
                forward.turns(0, longest)
                        .index_select(1, beside(Tensor.create(positions, rows.length)))
                        .transpose(0, 1);
        Tensor mask =
                shortest == longest
                        ? null
                        : beside(Tensor.create(ends(lengths, longest), rows.length, 1, 1, longest));
        return new Together(
                lengths.length, longest, beside(Tensor.create(rows, rows.length)), turns, mask);
    }

    private Tensor beside(Tensor tensor) {
        return TensorMemory.beside(model.parameters().values(), tensor);
    }

    /** What each of the new positions must not see: those behind it. */
    private static float[] triangle(int first, int length) {
        int all = first + length;
        float[] mask = new float[Math.multiplyExact(length, all)];
        for (int at = 0; at < length; at++) {
            Arrays.fill(mask, at * all + first + at + 1, (at + 1) * all, Float.NEGATIVE_INFINITY);
        }
        return mask;
    }

    /** What each row must not see: whatever lies beyond its own end. */
    private static float[] ends(int[] lengths, int longest) {
        float[] mask = new float[Math.multiplyExact(lengths.length, longest)];
        for (int row = 0; row < lengths.length; row++) {
            Arrays.fill(
                    mask,
                    row * longest + lengths[row] + 1,
                    (row + 1) * longest,
                    Float.NEGATIVE_INFINITY);
        }
        return mask;
    }

    @Override
    public void close() {
        owned.close();
    }

    private final class Chunk implements Past {
        private final int slot;
        private final int first;
        private final int length;
        private final @Nullable Tensor mask;

        Chunk(int slot, int first, int length, @Nullable Tensor mask) {
            this.slot = slot;
            this.first = first;
            this.length = length;
            this.mask = mask;
        }

        @Override
        public Tensor turns(LlamaForward forward, long count) {
            return forward.turns(first, count);
        }

        @Override
        public Tensor appendKeys(int layer, Tensor fresh) {
            return append(keys.get(layer), fresh);
        }

        @Override
        public Tensor appendValues(int layer, Tensor fresh) {
            return append(values.get(layer), fresh);
        }

        private Tensor append(Tensor store, Tensor fresh) {
            long start = (long) slot * capacity;
            store.narrow(0, start + first, length).copy_(fresh.reshape(length, store.size(1)));
            return store.narrow(0, start, (long) first + length)
                    .view(1, (long) first + length, fresh.size(2), fresh.size(3));
        }

        @Override
        public @Nullable Tensor mask() {
            return mask;
        }

        @Override
        public boolean isFirst() {
            return first == 0;
        }
    }

    private final class Together implements Past {
        private final int rows;
        private final int longest;
        private final Tensor places;
        private final Tensor turns;
        private final @Nullable Tensor mask;

        Together(int rows, int longest, Tensor places, Tensor turns, @Nullable Tensor mask) {
            this.rows = rows;
            this.longest = longest;
            this.places = places;
            this.turns = turns;
            this.mask = mask;
        }

        @Override
        public Tensor turns(LlamaForward forward, long count) {
            return turns;
        }

        @Override
        public Tensor appendKeys(int layer, Tensor fresh) {
            return append(keys.get(layer), fresh);
        }

        @Override
        public Tensor appendValues(int layer, Tensor fresh) {
            return append(values.get(layer), fresh);
        }

        private Tensor append(Tensor store, Tensor fresh) {
            store.index_copy_(0, places, fresh.reshape(rows, store.size(1)));
            return store.view(slots, capacity, fresh.size(2), fresh.size(3))
                    .narrow(0, 0, rows)
                    .narrow(1, 0, longest);
        }

        @Override
        public @Nullable Tensor mask() {
            return mask;
        }

        @Override
        public boolean isFirst() {
            return false;
        }
    }
}
