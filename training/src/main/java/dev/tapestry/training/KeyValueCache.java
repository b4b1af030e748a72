package dev.tapestry.training;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Keys and values of the positions that were computed already, for one sequence. First the whole
 * prompt is appended, then one position at a time.
 */
final class KeyValueCache implements Past, AutoCloseable {

    private final NativeTensors owned = new NativeTensors();
    private final List<Tensor> keys = new ArrayList<>();
    private final List<Tensor> values = new ArrayList<>();
    private int length;

    /** Room for {@code capacity} positions of {@code model}, on its device. */
    KeyValueCache(Llama model, int capacity) {
        LlamaConfig config = model.config();
        Tensor weights = model.parameters().values();
        long[] shape = {1, capacity, config.keyValueHeads(), config.headSize()};
        try (PointerScope _ = new PointerScope()) {
            for (int i = 0; i < config.layers(); i++) {
                keys.add(owned.keep(weights.new_zeros(shape)));
                values.add(owned.keep(weights.new_zeros(shape)));
            }
        }
    }

    /** Positions that are complete. */
    int length() {
        return length;
    }

    @Override
    public Tensor turns(LlamaForward forward, long count) {
        return forward.turns(length, count);
    }

    @Override
    public @Nullable Tensor mask() {
        return null;
    }

    @Override
    public boolean isFirst() {
        return length == 0;
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
        long count = fresh.size(1);
        store.narrow(1, length, count).copy_(fresh);
        return store.narrow(1, 0, length + count);
    }

    /** Says that all layers have appended {@code count} positions. */
    void advance(int count) {
        length += count;
    }

    @Override
    public void close() {
        owned.close();
    }
}
