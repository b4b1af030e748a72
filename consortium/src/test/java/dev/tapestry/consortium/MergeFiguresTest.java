package dev.tapestry.consortium;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.consortium.MergeFigures.Agreement;
import java.util.List;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class MergeFiguresTest {

    private static final Agreement ALL = group(MergeFigures.ALL);

    @Test
    void the_first_group_is_that_of_all_tensors() {
        assertThat(figures(1, 1, ALL, group("MLP")).whole()).isEqualTo(ALL);
        refused(() -> figures(1, 1), "begins with the group ALL");
        refused(() -> figures(1, 1, group("MLP"), ALL), "begins with the group ALL");
        refused(() -> figures(1, 1, ALL, group("MLP"), group("MLP")), "names a group twice");
    }

    @Test
    void figures_that_no_merge_has_are_refused() {
        refused(() -> figures(1, -1, ALL), "updateNorm is at least 0, not -1");
        refused(() -> figures(1, Double.POSITIVE_INFINITY, ALL), "updateNorm is at least 0");
        refused(() -> figures(Double.NaN, 1, ALL), "learningRate is a number, not NaN");
        refused(() -> agreement(-0.1, 0, 0, 0), "normRatio is at least 0");
        refused(() -> agreement(1, 1.01, 0, 0), "cosineWithPrevious is between -1 and 1");
        refused(() -> agreement(1, 0, Double.NaN, 0), "alignedGain is a number");
        refused(() -> agreement(1, 0, 0, -1), "transverse is at least 0");
    }

    private static void refused(ThrowingCallable made, String reason) {
        assertThatThrownBy(made)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(reason);
    }

    private static MergeFigures figures(double rate, double norm, Agreement... groups) {
        return new MergeFigures(rate, Optional.empty(), norm, List.of(groups));
    }

    private static Agreement group(String name) {
        return new Agreement(
                name, 0.5, Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());
    }

    private static Agreement agreement(double ratio, double cosine, double gain, double across) {
        return new Agreement(
                MergeFigures.ALL,
                ratio,
                Optional.of(cosine),
                Optional.empty(),
                Optional.of(gain),
                Optional.of(across));
    }
}
