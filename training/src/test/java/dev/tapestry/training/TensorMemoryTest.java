package dev.tapestry.training;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

/**
 * A tensor whose rows do not follow one another in memory goes the way by a copy, as one of another
 * device does.
 */
class TensorMemoryTest {

    /** 1 2 3 / 4 5 6. */
    private static Tensor matrix() {
        return Tensor.create(new float[] {1, 2, 3, 4, 5, 6}, 2, 3);
    }

    private static float[] numbers(Tensor tensor) {
        List<float[]> seen = new ArrayList<>();
        TensorMemory.read(tensor, memory -> seen.add(memory.toArray(ValueLayout.JAVA_FLOAT)));
        return seen.getFirst();
    }

    @Test
    void numbers_are_read_in_the_order_of_the_indices() {
        try (PointerScope _ = new PointerScope()) {
            Tensor matrix = matrix();
            assertThat(numbers(matrix)).containsExactly(1, 2, 3, 4, 5, 6);
            assertThat(numbers(matrix.t())).containsExactly(1, 4, 2, 5, 3, 6);
            assertThat(numbers(matrix.narrow(1, 1, 2))).containsExactly(2, 3, 5, 6);
        }
    }

    @Test
    void what_is_changed_is_in_the_tensor_and_the_rest_is_as_it_was() {
        try (PointerScope _ = new PointerScope()) {
            Tensor matrix = matrix();
            TensorMemory.change(
                    matrix.t(),
                    memory -> {
                        float second = memory.getAtIndex(ValueLayout.JAVA_FLOAT, 1);
                        memory.setAtIndex(ValueLayout.JAVA_FLOAT, 1, second * 10);
                    });
            assertThat(numbers(matrix)).containsExactly(1, 2, 3, 40, 5, 6);
            TensorMemory.change(matrix, memory -> memory.setAtIndex(ValueLayout.JAVA_FLOAT, 2, 30));
            assertThat(numbers(matrix)).containsExactly(1, 2, 30, 40, 5, 6);
        }
    }

    @Test
    void weights_that_are_trained_are_read_and_changed_without_a_record() {
        try (PointerScope _ = new PointerScope()) {
            Tensor weights = matrix().t();
            weights.set_requires_grad(true);
            TensorMemory.change(weights, memory -> memory.setAtIndex(ValueLayout.JAVA_FLOAT, 0, 7));
            assertThat(numbers(weights)).containsExactly(7, 4, 2, 5, 3, 6);
            assertThat(weights.is_leaf()).isTrue();
        }
    }

    @Test
    void what_lies_beside_the_other_already_is_not_copied() {
        try (PointerScope _ = new PointerScope()) {
            Tensor ids = Tensor.create(new long[] {3, 1});
            Tensor beside = TensorMemory.beside(matrix(), ids);
            assertThat(beside.data_ptr().address()).isEqualTo(ids.data_ptr().address());
            assertThat(beside.scalar_type().intern()).isEqualTo(ScalarType.Long);
        }
    }
}
