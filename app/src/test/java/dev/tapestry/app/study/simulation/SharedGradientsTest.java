package dev.tapestry.app.study.simulation;

import static dev.tapestry.app.study.simulation.Exercise.gradient;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tapestry.app.study.simulation.SimulationPlan.Variant;
import dev.tapestry.app.study.simulation.SimulationReport.Outcome;
import dev.tapestry.app.study.simulation.SimulationReport.Round;
import dev.tapestry.app.study.simulation.SimulationReport.VariantResult;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.node.StopSignal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What members correct their gradients by; here a gradient's elements are all alike. */
class SharedGradientsTest {

    private static final String PLAN =
            Plans.SHARING
                    .replace("rounds: 2", "rounds: 3")
                    .replace("roundDeadline: PT30M", "roundDeadline: PT3M")
                    .replace("int8/1", "fp32/1");

    @TempDir Path directory;

    @Test
    void each_is_asked_to_add_everybody_s_mean_less_its_own_of_the_round_before()
            throws IOException {
        Exercise work = new Exercise(3);

        VariantResult result = run(PLAN, work);

        assertThat(result.published()).isEqualTo(3);
        assertThat(work.asked()).hasSize(3 * 3);
        for (int place = 0; place < 3; place++) {
            assertThat(work.correction(place, 1)).isEmpty();
            corrected(work, place, 2, mean(1, 0, 1, 2) - gradient(place, 1));
            corrected(work, place, 3, mean(2, 0, 1, 2) - gradient(place, 2));
        }
    }

    @Test
    void gradients_are_merged_by_the_variant_s_rule() throws IOException {
        Exercise work = new Exercise(3);

        run(
                PLAN.replace("aggregator: {type: mean}", "aggregator: {type: coordinate-median}")
                        .replace("quorum: 2", "quorum: 3"),
                work);

        corrected(work, 0, 2, gradient(1, 1) - gradient(0, 1));
        corrected(work, 1, 2, 0);
        corrected(work, 2, 2, gradient(1, 1) - gradient(2, 1));
    }

    @Test
    void who_was_refused_has_no_gradient_in_the_base_and_trains_uncorrected() throws IOException {
        Exercise work =
                new Exercise(3).whereWeightsRunAway((place, round) -> place == 2 && round == 1);

        VariantResult result = run(PLAN, work);

        assertThat(result.refused().keySet()).containsExactly("UPDATE_TOO_LARGE");
        corrected(work, 0, 2, mean(1, 0, 1) - gradient(0, 1));
        assertThat(work.correction(2, 2)).isEmpty();
        corrected(work, 2, 3, mean(2, 0, 1, 2) - gradient(2, 2));
    }

    @Test
    void who_is_refused_later_keeps_the_gradient_of_its_latest_contribution_in_a_base()
            throws IOException {
        Exercise work =
                new Exercise(3).whereWeightsRunAway((place, round) -> place == 2 && round == 2);

        run(PLAN, work);

        corrected(work, 2, 3, mean(2, 0, 1) - gradient(2, 1));
    }

    @Test
    void who_was_away_has_no_gradient_in_the_base_and_trains_uncorrected() throws IOException {
        String plan =
                PLAN.replace(
                        "spread: 0.1}", "spread: 0.1}\n  absence: {probability: 0.2, rounds: 1}");
        SimulationPlan.Members members = Plans.read(directory, plan).members();
        long seed =
                LongStream.range(1, 1000)
                        .filter(lot -> onlyTheSecondIsAway(new Population(members, lot)))
                        .findFirst()
                        .orElseThrow();
        Exercise work = new Exercise(3);

        run(plan.replace("seed: 1\n", "seed: " + seed + "\n"), work);

        corrected(work, 0, 2, mean(1, 0, 2) - gradient(0, 1));
        assertThat(work.correction(1, 2)).isEmpty();
    }

    @Test
    void a_gradient_that_is_too_long_is_refused_by_the_coordinator_s_own_check()
            throws IOException {
        Exercise work =
                new Exercise(3).whereGradientsExplode((place, round) -> place == 0 && round == 1);

        VariantResult result = run(PLAN, work);

        assertThat(result.refused().keySet()).containsExactly("GRADIENT_TOO_LARGE");
        corrected(work, 1, 2, mean(1, 1, 2) - gradient(1, 1));
        assertThat(work.correction(0, 2)).isEmpty();
    }

    @Test
    void a_round_without_a_base_leaves_everybody_s_gradient_and_it_is_not_fetched_again()
            throws IOException {
        Exercise work = new Exercise(3).withLosses(1.0, 1.0, 2.0, 1.0);

        VariantResult result = run(PLAN, work);

        assertThat(result.rounds())
                .extracting(Round::outcome)
                .containsExactly(
                        Outcome.PUBLISHED,
                        Outcome.ROLLED_BACK,
                        Outcome.PUBLISHED,
                        Outcome.PUBLISHED);
        for (int place = 0; place < 3; place++) {
            corrected(work, place, 3, mean(1, 0, 1, 2) - gradient(place, 1));
            corrected(work, place, 4, mean(3, 0, 1, 2) - gradient(place, 3));
        }
        long weights = result.modelBytes() - Exercise.CONFIG.length();
        long gradient = result.bytesUpPerMember() / 4 - weights;
        assertThat(result.bytesDownPerMember())
                .as("the start and four candidates, and the gradients of the first and third round")
                .isEqualTo(5 * result.modelBytes() + 2 * gradient);
    }

    @Test
    void who_is_late_corrects_by_the_mean_of_the_round_for_which_it_trains() throws IOException {
        Exercise work = new Exercise(3);

        VariantResult result =
                run(
                        PLAN.replace("rounds: 3", "rounds: 5")
                                .replace("speedSpread: 0.1", "speedSpread: 2")
                                .replace("scoringDeadline: PT10M", "scoringDeadline: PT1M"),
                        work);

        assertThat(result.published()).isEqualTo(5);
        assertThat(result.late()).isPositive();
        assertThat(work.asked())
                .extracting(asked -> asked.place() + " in round " + asked.round())
                .as("the second ends the fourth round's training when the fifth has begun")
                .containsSubsequence("2 in round 5", "1 in round 4");
        corrected(work, 1, 4, mean(3, 0, 2) - gradient(1, 1));
    }

    private VariantResult run(String text, Exercise work) throws IOException {
        SimulationPlan plan = Plans.read(directory, text);
        Variant shared = plan.variants().getLast();
        Path folder = Files.createDirectory(directory.resolve("variant"));
        return new VariantRun(plan, shared, Map.of(), Plans.resources(1, new StopSignal()), _ -> {})
                .run(work, folder);
    }

    private static void corrected(Exercise work, int place, int round, float by) {
        assertThat(work.correction(place, round))
                .as("member %d in round %d", place, round)
                .hasValueSatisfying(value -> assertThat(value).isCloseTo(by, within(1e-5f)));
    }

    private static float mean(int round, int... places) {
        float sum = 0;
        for (int place : places) {
            sum += gradient(place, round);
        }
        return sum / places.length;
    }

    /** In the first round; in the second nobody is. */
    private static boolean onlyTheSecondIsAway(Population population) {
        RoundNumber first = new RoundNumber(1);
        return population.away(1, first)
                && IntStream.of(0, 2).noneMatch(place -> population.away(place, first))
                && IntStream.range(0, 3)
                        .noneMatch(place -> population.away(place, new RoundNumber(2)));
    }
}
