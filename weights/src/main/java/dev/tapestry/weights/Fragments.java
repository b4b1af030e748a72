package dev.tapestry.weights;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * A model's tensors in groups of about equal size, which are merged at different times (Streaming
 * DiLoCo, arXiv 2501.18512; balanced by greedy bin packing as in Decoupled DiLoCo, arXiv
 * 2604.21428): whole tensors, the largest first, each to the fragment that is smallest so far.
 *
 * <p>Everybody who knows the tensors' names and shapes finds the same fragments.
 *
 * @param names the tensors of each fragment
 */
public record Fragments(List<Set<String>> names) {

    public Fragments {
        names = names.stream().map(Set::copyOf).toList();
    }

    /**
     * Deals the tensors out.
     *
     * @param count at least 1, at most the number of tensors
     */
    public static Fragments of(Collection<TensorSpec> tensors, int count) {
        if (count < 1 || count > tensors.size()) {
            throw new IllegalArgumentException(
                    "%d tensors make 1 to %d fragments, not %d"
                            .formatted(tensors.size(), tensors.size(), count));
        }
        List<Set<String>> fragments = new ArrayList<>();
        IntStream.range(0, count).forEach(_ -> fragments.add(new HashSet<>()));
        long[] sizes = new long[count];
        tensors.stream()
                .sorted(
                        Comparator.comparingLong(TensorSpec::elements)
                                .reversed()
                                .thenComparing(TensorSpec::name))
                .forEach(tensor -> {
                    int smallest =
                            IntStream.range(0, count)
                                    .boxed()
                                    .min(Comparator.comparingLong(i -> sizes[i]))
                                    .orElseThrow();
                    fragments.get(smallest).add(tensor.name());
                    sizes[smallest] += tensor.elements();
                });
        return new Fragments(fragments);
    }

    /** How many. */
    public int count() {
        return names.size();
    }

    /** The tensors that are merged in a round, from 0 on: each fragment in its turn. */
    public Set<String> inRound(long round) {
        return names.get((int) (round % names.size()));
    }
}
