package dev.tapestry.app.study.robustness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tapestry.app.study.Update;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class SharesTest {

    private static final Offset<Double> NEAR = within(1e-6);

    private final Update first = Update.of(1, 2, 0, 1);
    private final Update second = Update.of(0, 1, 3, -1);
    private final Update third = Update.of(2, 0, 1, 1);

    @Test
    void what_was_added_up_is_found_again() {
        Update merged =
                first.times(0.5).minus(second.times(-0.2)).minus(third.times(0.1)); // third: −0.1
        assertThat(Shares.of(List.of(first, second, third), merged))
                .containsExactly(new double[] {0.5, 0.2, -0.1}, NEAR);
    }

    @Test
    void who_was_not_chosen_has_no_share() {
        assertThat(Shares.of(List.of(first, second, third), second))
                .containsExactly(new double[] {0, 1, 0}, NEAR);
    }

    @Test
    void equal_updates_share_what_is_theirs() {
        assertThat(Shares.of(List.of(first, first, second), first))
                .containsExactly(new double[] {0.5, 0.5, 0}, within(1e-4));
    }

    @Test
    void nobody_has_a_share_where_nobody_moved() {
        assertThat(Shares.of(List.of(first.zero(), first.zero()), first.zero()))
                .containsExactly(0, 0);
    }
}
