package dev.tapestry.weights;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/**
 * Which tensors go into which shard.
 *
 * <p>Tensors stay in their order. As few shards are used as the limit allows, and among all ways to
 * cut the sequence into so many, one whose largest shard is smallest is taken (found by bisection
 * over the limit; a first-fit cut is optimal for each limit).
 */
final class ShardPlan {

    private ShardPlan() {}

    /**
     * Cuts {@code specs} into the fewest, most even shards.
     *
     * @param maxBytes no shard is larger, unless a single tensor is
     * @return file name → its tensors, in order
     */
    static SequencedMap<String, List<TensorSpec>> balanced(
            Collection<TensorSpec> specs, long maxBytes) {
        if (maxBytes < 1) {
            throw new IllegalArgumentException("a shard has at least 1 byte, not " + maxBytes);
        }
        long low = specs.stream().mapToLong(TensorSpec::bytes).max().orElse(0);
        long high = Math.max(low, maxBytes);
        int count = cut(specs, high).size();
        while (low < high) {
            long middle = low + (high - low) / 2;
            if (cut(specs, middle).size() <= count) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return named(cut(specs, high));
    }

    /** First fit: a shard is closed when the next tensor would take it over {@code limit}. */
    private static List<List<TensorSpec>> cut(Collection<TensorSpec> specs, long limit) {
        List<List<TensorSpec>> shards = new ArrayList<>();
        List<TensorSpec> shard = new ArrayList<>();
        long bytes = 0;
        for (TensorSpec spec : specs) {
            if (!shard.isEmpty() && spec.bytes() > limit - bytes) {
                shards.add(shard);
                shard = new ArrayList<>();
                bytes = 0;
            }
            shard.add(spec);
            bytes += spec.bytes();
        }
        shards.add(shard);
        return shards;
    }

    private static SequencedMap<String, List<TensorSpec>> named(List<List<TensorSpec>> shards) {
        SequencedMap<String, List<TensorSpec>> named = new LinkedHashMap<>();
        for (int i = 0; i < shards.size(); i++) {
            String name =
                    shards.size() == 1
                            ? ModelDirectory.SINGLE
                            : "model-%05d-of-%05d.safetensors".formatted(i + 1, shards.size());
            named.put(name, shards.get(i));
        }
        return named;
    }
}
