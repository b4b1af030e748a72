package dev.tapestry.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class FragmentsTest {

    private static final List<TensorSpec> TENSORS = tensors();

    private static List<TensorSpec> tensors() {
        List<TensorSpec> tensors = new ArrayList<>();
        tensors.add(TensorSpec.of("embed", DType.F32, 400, 10));
        for (int layer = 0; layer < 6; layer++) {
            tensors.add(TensorSpec.of("layer." + layer + ".up", DType.F32, 10, 100));
            tensors.add(TensorSpec.of("layer." + layer + ".norm", DType.F32, 10));
        }
        return tensors;
    }

    @Test
    void every_tensor_is_in_exactly_one_fragment_and_the_fragments_are_of_about_equal_size() {
        Fragments fragments = Fragments.of(TENSORS, 3);

        Set<String> all = new TreeSet<>();
        for (Set<String> names : fragments.names()) {
            names.forEach(name -> assertThat(all.add(name)).isTrue());
            long size =
                    TENSORS.stream()
                            .filter(tensor -> names.contains(tensor.name()))
                            .mapToLong(TensorSpec::elements)
                            .sum();
            assertThat(size).isBetween(3_000L, 4_060L);
        }
        assertThat(all).hasSize(TENSORS.size());
    }

    @Test
    void whoever_knows_the_tensors_finds_the_same_fragments() {
        List<TensorSpec> shuffled = new ArrayList<>(TENSORS);
        Collections.shuffle(shuffled, new Random(7));

        assertThat(Fragments.of(shuffled, 4)).isEqualTo(Fragments.of(TENSORS, 4));
    }

    @Test
    void each_fragment_has_its_turn() {
        Fragments fragments = Fragments.of(TENSORS, 2);

        assertThat(fragments.inRound(0)).contains("embed").isEqualTo(fragments.inRound(2));
        assertThat(fragments.inRound(1)).isNotEqualTo(fragments.inRound(0));
    }

    @Test
    void no_fragment_is_empty() {
        assertThatThrownBy(() -> Fragments.of(TENSORS, 14))
                .hasMessageContaining("13 tensors make 1 to 13 fragments, not 14");
        assertThatThrownBy(() -> Fragments.of(TENSORS, 0)).hasMessageContaining("not 0");
    }
}
