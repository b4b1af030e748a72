package dev.tapestry.app.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.app.study.Scheme.Growth;
import dev.tapestry.app.study.Scheme.Rounds;
import dev.tapestry.app.study.Scheme.Streaming;
import dev.tapestry.consortium.MergeRule;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SchemeTest {

    @Test
    void rounds_become_longer_with_the_square_of_the_rate_s_fall() {
        Rounds growing = rounds(8, Optional.empty(), new Growth(2, 64));
        assertThat(growing.interval(1)).isEqualTo(8);
        assertThat(growing.interval(0.9)).isEqualTo(9);
        assertThat(growing.interval(0.5)).isEqualTo(32);
        assertThat(growing.interval(0.1)).as("the most").isEqualTo(64);
        assertThat(growing.interval(0)).as("a rate of nothing").isEqualTo(64);
        assertThat(rounds(8, Optional.of(new Streaming(4, 1)), new Growth(1, 64)).interval(0.5))
                .as("steps between two fragments")
                .isEqualTo(4);
    }

    @Test
    void a_growth_that_shrinks_is_refused() {
        assertThatThrownBy(() -> new Growth(0, 64)).hasMessageContaining("above 0");
        assertThatThrownBy(() -> new Growth(Double.NaN, 64)).hasMessageContaining("above 0");
        assertThatThrownBy(() -> new Growth(1, 0)).hasMessageContaining("at least 1 step");
    }

    private static Rounds rounds(int steps, Optional<Streaming> streaming, Growth growth) {
        return new Rounds(
                steps,
                MergeRule.fedAvg(),
                streaming,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.of(growth));
    }
}
