package dev.tapestry.aggregation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tapestry.weights.ModelDirectory;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TaskConflictTest {

    @TempDir Path folder;

    private static TaskConflict only(List<TaskConflict> conflicts) {
        assertThat(conflicts).hasSize(1);
        return conflicts.getFirst();
    }

    @Test
    void by_hand() {
        try (Models models = new Models(folder)) {
            ModelDirectory base = models.vector("base", 1, 1, 1);
            ModelDirectory first = models.vector("first", 4, 1, 5);
            ModelDirectory second = models.vector("second", 2, 3, -1);
            // δ₁ = (3, 0, 4), δ₂ = (1, 2, −2): product 3 − 8, opposed 4 of 7
            TaskConflict conflict = only(TaskConflict.between(base, first, second));
            assertThat(conflict.norms()).isEqualTo(new TaskConflict.Norms(5, 3));
            assertThat(conflict.cosine()).isCloseTo(-5.0 / 15, within(1e-12));
            assertThat(conflict.opposed()).isCloseTo(4.0 / 7, within(1e-12));
        }
    }

    @Test
    void what_has_not_moved_opposes_nothing() {
        try (Models models = new Models(folder)) {
            ModelDirectory base = models.vector("base", 1, 2);
            ModelDirectory moved = models.vector("moved", 3, 1);
            TaskConflict conflict = only(TaskConflict.between(base, base, moved));
            assertThat(conflict.cosine()).isZero();
            assertThat(conflict.opposed()).isZero();
            assertThat(only(TaskConflict.between(base, moved, moved)).cosine())
                    .isCloseTo(1, within(1e-12));
        }
    }

    @Test
    void a_tensor_of_several_windows_is_summed_over_all_of_them() {
        try (Models models = new Models(folder)) {
            var specs = List.of(Models.LONG_MATRIX);
            Map<String, float[]> weights = Models.random(specs, new Random(1), 0.1);
            Map<String, float[]> trained = Models.near(weights, new Random(2), 0.01);
            ModelDirectory base = models.write("base", specs, weights);
            ModelDirectory first = models.write("first", specs, trained);
            TaskConflict same = only(TaskConflict.between(base, first, first));
            assertThat(same.cosine()).isCloseTo(1, within(1e-9));
            double squares = 0;
            String name = Models.LONG_MATRIX.name();
            float[] before = Models.values(base, name);
            float[] after = Models.values(first, name);
            for (int i = 0; i < before.length; i++) {
                squares += Math.pow((double) after[i] - before[i], 2);
            }
            assertThat(same.norms().first()).isCloseTo(Math.sqrt(squares), within(1e-9));
        }
    }

    @Test
    void models_of_another_shape_are_refused() {
        try (Models models = new Models(folder)) {
            ModelDirectory base = models.vector("base", 1, 2);
            ModelDirectory other = models.vector("other", 1, 2, 3);
            assertThatThrownBy(() -> TaskConflict.between(base, base, other))
                    .isInstanceOfSatisfying(
                            AggregationException.class,
                            e ->
                                    assertThat(e.code())
                                            .isEqualTo(AggregationException.Code.TENSORS_DIFFER));
        }
    }
}
