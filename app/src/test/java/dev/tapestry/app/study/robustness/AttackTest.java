package dev.tapestry.app.study.robustness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tapestry.app.study.Update;
import dev.tapestry.app.study.robustness.FreeRider.Sends;
import dev.tapestry.training.Tokens;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Each attack beside its equation, number by number. */
class AttackTest {

    private static final double ROUNDING = 1e-6;

    private static final float[] OWN = {1, -2, 0.5f, 4};
    private static final float[] OTHER = {3, 2, 1.5f, -1};
    private static final float[] STEP = {0.25f, 1, -0.5f, 2};
    private static final float[] OLD = {9, 8, 7, 6};

    @Test
    void a_flipped_sign() {
        assertThat(values(new SignFlip())).containsExactly(-1, 2, -0.5f, -4);
    }

    @Test
    void an_update_ten_times_over() {
        assertThat(values(new Scaling(10))).containsExactly(10, -20, 5, 40);
    }

    @Test
    void alie_is_the_mean_less_z_deviations_in_each_coordinate() {
        double z = 1.5;
        float[] forged = values(new LittleIsEnough(z));
        for (int i = 0; i < forged.length; i++) {
            double mean = (OWN[i] + OTHER[i] + STEP[i]) / 3.0;
            double squares =
                    square(OWN[i] - mean) + square(OTHER[i] - mean) + square(STEP[i] - mean);
            assertThat((double) forged[i])
                    .isCloseTo(mean - z * Math.sqrt(squares / 2), within(ROUNDING));
        }
    }

    @Test
    void alie_of_one_who_knows_nothing_but_itself_is_honest() {
        Knowledge first =
                new Knowledge(
                        Update.of(OWN),
                        List.of(Update.of(OWN)),
                        List.of(),
                        List.of(),
                        new SplittableRandom(1));
        assertThat(values(new LittleIsEnough(1.5).forge(first))).containsExactly(OWN);
    }

    @Test
    void inner_product_manipulation_is_the_mean_turned_round() {
        float[] forged = values(new InnerProduct(0.5));
        for (int i = 0; i < forged.length; i++) {
            assertThat((double) forged[i])
                    .isCloseTo(-0.5 * (OWN[i] + OTHER[i] + STEP[i]) / 3.0, within(ROUNDING));
        }
    }

    /**
     * The three differ most along the fourth coordinate, where the first lies farthest out: all
     * send the first.
     */
    @Test
    void mimics_all_send_the_one_that_lies_farthest_along_the_leading_direction() {
        Update far = Update.of(0, 1, 0, 4);
        Update near = Update.of(1, 0, 0, -1);
        Knowledge known =
                new Knowledge(
                        near,
                        List.of(far, near),
                        List.of(),
                        List.of(Update.of(0.5f, 0.5f, 0, 1)),
                        new SplittableRandom(1));
        assertThat(values(new Mimic().forge(known))).containsExactly(0, 1, 0, 4);
    }

    @Test
    void nan_is_in_one_place() {
        float[] forged = values(new NotANumber());
        assertThat(forged[0]).isNaN();
        assertThat(List.of(forged[1], forged[2], forged[3])).containsExactly(-2f, 0.5f, 4f);
    }

    @Test
    void the_first_update_is_sent_again_and_again() {
        assertThat(values(new Stale())).containsExactly(OLD);
        assertThat(values(new Stale().forge(firstRound()))).containsExactly(OWN);
    }

    @Test
    void free_riders_send_the_base_the_last_step_or_noise_as_long() {
        assertThat(values(new FreeRider(Sends.BASE))).containsOnly(0);
        assertThat(values(new FreeRider(Sends.LAST_STEP))).containsExactly(STEP);
        Update noise = new FreeRider(Sends.NOISE).forge(known());
        assertThat(noise.norm()).isCloseTo(Update.of(STEP).norm(), within(ROUNDING));
        assertThat(values(noise)).isEqualTo(values(new FreeRider(Sends.NOISE))).isNotEqualTo(STEP);
        assertThat(values(new FreeRider(Sends.NOISE).forge(firstRound()))).containsOnly(0);
    }

    @Test
    void poisoned_text_has_the_phrase_at_every_period_and_the_update_is_boosted() {
        Tokens honest = Tokens.of(10, 11, 12, 13, 14, 15, 16, 17, 18, 19);
        Tokens poisoned = new Backdoor(4, 5).text(honest, new int[] {1, 2});
        long[] read = new long[7];
        poisoned.read(3, read);
        assertThat(read).containsExactly(13, 1, 2, 16, 17, 1, 2);
        assertThat(poisoned.count()).isEqualTo(10);
        assertThat(poisoned.bytes()).isEqualTo(honest.bytes());
        assertThat(values(new Backdoor(4, 5))).containsExactly(5, -10, 2.5f, 20);
        assertThat(values(new Backdoor(4, 1))).containsExactly(OWN);
    }

    @Test
    void settings_out_of_range_are_refused() {
        assertThatThrownBy(() -> new Scaling(0)).hasMessage("factor is above 0, not 0.0");
        assertThatThrownBy(() -> new LittleIsEnough(-1)).hasMessageContaining("deviations");
        assertThatThrownBy(() -> new InnerProduct(Double.NaN)).hasMessageContaining("epsilon");
        assertThatThrownBy(() -> new Backdoor(0, 1)).hasMessageContaining("period is at least 1");
        assertThatThrownBy(() -> new Backdoor(1, 1).text(Tokens.of(1, 2), new int[] {1, 2}))
                .hasMessageContaining("make the period longer");
    }

    private static double square(double value) {
        return value * value;
    }

    private static float[] values(Attack attack) {
        return values(attack.forge(known()));
    }

    private static float[] values(Update update) {
        float[] values = new float[update.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = update.at(i);
        }
        return values;
    }

    private static Knowledge known() {
        return new Knowledge(
                Update.of(OWN),
                List.of(Update.of(OWN), Update.of(OTHER)),
                List.of(Update.of(OLD), Update.of(OTHER)),
                List.of(Update.of(OLD), Update.of(STEP)),
                new SplittableRandom(1));
    }

    private static Knowledge firstRound() {
        return new Knowledge(
                Update.of(OWN),
                List.of(Update.of(OWN), Update.of(OTHER)),
                List.of(),
                List.of(),
                new SplittableRandom(1));
    }
}
