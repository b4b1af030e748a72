package dev.tapestry.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class LearningRateScheduleTest {

    @Test
    void a_cosine_warms_up_and_comes_down_to_its_floor() {
        LearningRateSchedule schedule = new LearningRateSchedule.Cosine(100, 1100, 0.1);

        assertThat(schedule.at(0)).isEqualTo(0.01);
        assertThat(schedule.at(49)).isEqualTo(0.5);
        assertThat(schedule.at(100)).isEqualTo(1);
        assertThat(schedule.at(600)).isCloseTo(0.55, within(1e-12));
        assertThat(schedule.at(1100)).isCloseTo(0.1, within(1e-12));
        assertThat(schedule.at(9999)).isCloseTo(0.1, within(1e-12));
    }

    @Test
    void wsd_is_flat_until_it_decays_in_a_line() {
        LearningRateSchedule schedule = new LearningRateSchedule.WarmupStableDecay(10, 80, 100, 0);

        assertThat(schedule.at(4)).isEqualTo(0.5);
        assertThat(schedule.at(10)).isEqualTo(1);
        assertThat(schedule.at(79)).isEqualTo(1);
        assertThat(schedule.at(90)).isCloseTo(0.5, within(1e-12));
        assertThat(schedule.at(100)).isEqualTo(0);
    }

    @Test
    void without_warm_up_the_first_step_is_whole() {
        assertThat(new LearningRateSchedule.Constant(0).at(0)).isEqualTo(1);
    }

    @Test
    void points_out_of_order_are_refused() {
        assertThatThrownBy(() -> new LearningRateSchedule.Cosine(100, 100, 0))
                .isInstanceOf(TrainingException.class)
                .hasMessageContaining("warmupTokens 100 and totalTokens 100");
        assertThatThrownBy(() -> new LearningRateSchedule.WarmupStableDecay(10, 5, 100, 0))
                .isInstanceOf(TrainingException.class);
        assertThatThrownBy(() -> new LearningRateSchedule.Cosine(0, 100, 1.5))
                .isInstanceOf(TrainingException.class)
                .hasMessageContaining("floor 1.5");
    }
}
