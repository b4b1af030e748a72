package dev.tapestry.aggregation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import dev.tapestry.aggregation.Validation.Sound;
import dev.tapestry.aggregation.Validation.Unsound;
import dev.tapestry.consortium.Finding;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.TensorSpec;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ContributionValidatorTest {

    @TempDir Path folder;

    private Models models;
    private ModelDirectory base;
    private final ContributionValidator validator = new ContributionValidator(0.5);

    @BeforeEach
    void open() {
        models = new Models(folder);
        base = models.vector("base", 3, 4);
    }

    @AfterEach
    void close() {
        models.close();
    }

    @Test
    void a_modest_update_is_sound() {
        Validation validation = validator.validate(base, models.vector("a", 3, 5));
        assertThat(validation).isEqualTo(new Sound(1, 5));
    }

    @Test
    void a_sound_bf16_contribution_is_measured_as_it_is() {
        ModelDirectory half =
                models.write(
                        "a",
                        List.of(TensorSpec.of("v", DType.BF16, 2)),
                        Map.of("v", new float[] {3, 4.5f}));
        assertThat(validator.validate(base, half))
                .isInstanceOfSatisfying(
                        Sound.class,
                        sound -> assertThat(sound.updateNorm()).isCloseTo(0.5, within(1e-12)));
    }

    @Test
    void a_missing_tensor_is_found() {
        ModelDirectory other =
                models.write(
                        "a",
                        List.of(TensorSpec.of("a", DType.F32, 2)),
                        Map.of("a", new float[] {3, 4}));
        // Sorted by name, the unexpected one comes first.
        refuses(other, Finding.UNEXPECTED_TENSOR, "'a' is not in the base");
        ModelDirectory late =
                models.write(
                        "w",
                        List.of(TensorSpec.of("w", DType.F32, 2)),
                        Map.of("w", new float[] {3, 4}));
        refuses(late, Finding.MISSING_TENSOR, "'v' of the base is missing");
    }

    @Test
    void another_shape_is_found_even_with_as_many_elements() {
        ModelDirectory row =
                models.write(
                        "a",
                        List.of(TensorSpec.of("v", DType.F32, 1, 2)),
                        Map.of("v", new float[] {3, 4}));
        refuses(row, Finding.SHAPE_MISMATCH, "shape [1, 2]; the base has [2]");
    }

    @Test
    void half_precision_is_not_accepted() {
        ModelDirectory half =
                models.write(
                        "a",
                        List.of(TensorSpec.of("v", DType.F16, 2)),
                        Map.of("v", new float[] {3, 4}));
        refuses(half, Finding.DTYPE_MISMATCH, "'v' is F16");
    }

    @Test
    void values_that_are_no_numbers_are_found_with_their_place() {
        for (float value :
                new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            refuses(
                    models.vector("bad" + value, 3, value),
                    Finding.NON_FINITE,
                    "'v' holds " + value + " at index 1");
        }
    }

    @Test
    void one_bad_value_far_into_a_long_tensor_is_found_by_all_threads() {
        float[] values = new float[600_000];
        java.util.Arrays.fill(values, 1);
        ModelDirectory longBase = models.vector("long", values);
        values[599_999] = Float.NaN;
        refuses(longBase, models.vector("a", values), Finding.NON_FINITE, "at index 599999");
    }

    @Test
    void an_update_above_the_band_is_refused_with_the_figures() {
        refuses(
                models.vector("a", 3, 7),
                Finding.UPDATE_TOO_LARGE,
                "norm 3.00000 is 0.600 of the base's norm 5.00000; the charter allows 0.5");
    }

    @Test
    void an_update_so_large_that_it_overflows_is_too_large() {
        ModelDirectory far = models.vector("far", -Float.MAX_VALUE, 0);
        refuses(far, models.vector("a", Float.MAX_VALUE, 0), Finding.UPDATE_TOO_LARGE, "too far");
    }

    @Test
    void values_whose_squares_no_float_can_hold_are_sound() {
        ModelDirectory large = models.vector("large", 3e20f, 4e20f);
        assertThat(validator.validate(large, models.vector("a", 3e20f, 5e20f)))
                .isInstanceOfSatisfying(
                        Sound.class,
                        sound -> {
                            assertThat(sound.updateNorm()).isCloseTo(1e20, within(1e14));
                            assertThat(sound.baseNorm()).isCloseTo(5e20, within(1e14));
                        });
    }

    @Test
    void an_update_whose_square_is_zero_in_single_precision_is_an_update() {
        for (float tiny : new float[] {1e-23f, 1e-30f, Float.MIN_VALUE}) {
            ModelDirectory near = models.vector("near" + tiny, 3, tiny);
            assertThat(validator.validate(near, models.vector("a" + tiny, 3, 2 * tiny)))
                    .isInstanceOfSatisfying(
                            Sound.class,
                            sound ->
                                    assertThat(sound.updateNorm())
                                            .isCloseTo(tiny, withinPercentage(1e-9)));
        }
    }

    @Test
    void the_base_itself_is_no_contribution() {
        refuses(models.vector("a", 3, 4), Finding.UPDATE_IS_ZERO, "nothing was trained");
    }

    private void refuses(ModelDirectory contribution, Finding finding, String detail) {
        refuses(base, contribution, finding, detail);
    }

    private void refuses(
            ModelDirectory from, ModelDirectory contribution, Finding finding, String detail) {
        assertThat(validator.validate(from, contribution))
                .isInstanceOfSatisfying(
                        Unsound.class,
                        unsound -> {
                            assertThat(unsound.refusal().finding()).isEqualTo(finding);
                            assertThat(unsound.refusal().detail()).contains(detail);
                        });
    }
}
