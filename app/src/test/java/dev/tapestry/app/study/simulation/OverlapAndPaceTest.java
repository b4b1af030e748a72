package dev.tapestry.app.study.simulation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tapestry.app.study.simulation.Population.Profile;
import dev.tapestry.app.study.simulation.SimulationReport.Outcome;
import dev.tapestry.app.study.simulation.SimulationReport.Round;
import dev.tapestry.app.study.simulation.SimulationReport.VariantResult;
import dev.tapestry.consortium.Pace;
import dev.tapestry.node.StopSignal;
import dev.tapestry.trust.json.CanonicalJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Members that do not wait, on a clock by which one can reckon what that gains. */
class OverlapAndPaceTest {

    private static final double MILLISECOND = 1e-3;
    private static final int ROUNDS = 3;
    private static final int STEPS = 5;
    private static final double STEP = 20;
    private static final double LATENCY = 0.04;
    private static final double MERGE = 5;
    private static final double DOWN_BITS = 5e4;
    private static final double UP_BITS = 1e3;

    /** Members that are all alike, on lines that are slow for a model of 4 kB. */
    private static final String ALIKE =
            Plans.ONE_VARIANT
                    .replace("speedSpread: 0.1", "speedSpread: 0")
                    .replace("downMbits: 50, upMbits: 10", "downMbits: 0.05, upMbits: 0.001")
                    .replace("latencyMillis: 40, spread: 0.1", "latencyMillis: 40, spread: 0");

    /** The same with speeds that lie apart. */
    private static final String UNLIKE =
            ALIKE.replace("speedSpread: 0", "speedSpread: 0.5")
                    .replace("steps: 5\n", "steps: 20\n");

    private static final String MIXED =
            Plans.ONE_VARIANT
                    .replace("speedSpread: 0.1", "speedSpread: 1")
                    .replace("roundDeadline: PT30M", "roundDeadline: PT2M")
                    .replace(
                            "spread: 0.1}",
                            "spread: 0.1}\n  absence: {probability: 0.2, rounds: 2}");

    @TempDir Path directory;

    @Test
    void waiting_members_train_for_the_share_that_the_line_leaves() throws IOException {
        VariantResult waiting = run(ALIKE);

        double end = ROUNDS * (journey(waiting) + STEPS * STEP) + firstBase(waiting);
        assertThat(waiting.virtualSeconds()).isCloseTo(end, within(MILLISECOND));
        assertThat(waiting.utilisation()).isCloseTo(share(end), within(1e-5));
    }

    @Test
    void steps_ahead_that_fit_into_the_journey_shorten_every_round_but_the_first_by_their_time()
            throws IOException {
        VariantResult ahead = run(ALIKE + "    overlap: {steps: 1}\n");

        double journey = journey(ahead);
        assertThat(journey).isGreaterThan(2 * STEP); // one is trained, one's time is for scoring
        double end = ROUNDS * (journey + STEPS * STEP) + firstBase(ahead) - (ROUNDS - 1) * STEP;
        assertThat(ahead.virtualSeconds()).isCloseTo(end, within(MILLISECOND));
        assertThat(ahead.utilisation()).isCloseTo(share(end), within(1e-5));
        assertThat(ahead.mergedShare()).isCloseTo(1, within(1e-9));
    }

    @Test
    void steps_ahead_that_outlast_the_journey_leave_no_time_untrained_but_that_for_scoring()
            throws IOException {
        int tau = 4;
        VariantResult ahead = run(ALIKE + "    overlap: {steps: " + tau + "}\n");

        double journey = journey(ahead);
        double scoring = STEP;
        assertThat(journey).isLessThan(tau * STEP + scoring);
        double firstTrained = LATENCY + firstBase(ahead) + STEPS * STEP;
        double end = firstTrained + (ROUNDS - 1) * (STEPS * STEP + scoring) + journey - LATENCY;
        assertThat(ahead.virtualSeconds()).isCloseTo(end, within(MILLISECOND));
        assertThat(ahead.utilisation()).isCloseTo(share(end), within(1e-5));
        assertThat(ahead.mergedShare()).isCloseTo(1, within(1e-9));
    }

    @Test
    void steps_ahead_of_a_round_that_gave_no_base_are_trained_again() throws IOException {
        Exercise work = new Exercise(6).withLosses(1.0, 1.0, 2.0, 1.0);

        VariantResult ahead = run(ALIKE + "    overlap: {steps: 1}\n", work);

        assertThat(ahead.rounds())
                .extracting(Round::outcome)
                .containsExactly(
                        Outcome.PUBLISHED,
                        Outcome.ROLLED_BACK,
                        Outcome.PUBLISHED,
                        Outcome.PUBLISHED);
        double inVain = (journey(ahead) - STEP) / STEP;
        assertThat(inVain).as("it stood still while it scored").isBetween(0.1, 0.9);
        double trained = 4 * STEPS + inVain;
        assertThat(ahead.mergedShare()).isCloseTo(3 * STEPS / trained, within(1e-4));
        assertThat(ahead.utilisation())
                .isCloseTo(trained * STEP / ahead.virtualSeconds(), within(1e-4));
    }

    @Test
    void with_a_pace_each_measures_itself_and_then_does_what_fits() throws IOException {
        Exercise work = new Exercise(6);

        VariantResult paced = run(UNLIKE + pace(60, 2), work);

        Pace pace = new Pace(Duration.ofSeconds(60), 2);
        List<Profile> members = members(UNLIKE);
        for (Exercise.Asked asked : work.asked()) {
            double secondsPerStep = members.get(asked.place()).secondsPerStep();
            assertThat(asked.steps())
                    .isEqualTo(asked.round() == 1 ? 2 : pace.steps(secondsPerStep, 20));
        }
        assertThat(work.asked().stream().filter(asked -> asked.round() > 1))
                .extracting(Exercise.Asked::steps)
                .as("members of different speed")
                .contains(2, 4);
        assertThat(paced.merged()).isEqualTo(ROUNDS * 6);
    }

    @Test
    void a_fast_member_that_waits_for_slow_ones_does_so_no_more_with_a_pace() throws IOException {
        VariantResult waiting = run(UNLIKE);
        VariantResult paced = run(UNLIKE + "    steps: 40\n" + pace(200, 2));

        List<Profile> members = members(UNLIKE);
        double slowest = slowest(members);
        double fastest = members.stream().mapToDouble(Profile::secondsPerStep).min().orElseThrow();
        assertThat(20 * (slowest - fastest)).as("what the fastest waited").isGreaterThan(200);

        Pace pace = new Pace(Duration.ofSeconds(200), 2);
        double first = 2 * slowest;
        double others = 0; // the longest training after the first round
        double trained = 0;
        for (Profile member : members) {
            double step = member.secondsPerStep();
            int steps = pace.steps(step, 40);
            others = Math.max(others, steps * step);
            trained += (2 + (ROUNDS - 1) * steps) * step;
            assertThat(200 - steps * step).as("what each waits").isLessThan(step);
        }
        double end =
                first + (ROUNDS - 1) * others + ROUNDS * journey(paced, slowest) + firstBase(paced);
        assertThat(paced.virtualSeconds()).isCloseTo(end, within(MILLISECOND));
        assertThat(paced.utilisation()).isCloseTo(trained / end / members.size(), within(1e-5));

        double equal = members.stream().mapToDouble(Profile::secondsPerStep).sum();
        double waitingEnd =
                ROUNDS * (20 * slowest + journey(waiting, slowest))
                        + firstBase(waiting)
                        // Whose score is the last one knows at once that the next round begins.
                        - (ROUNDS - 1) * LATENCY;
        assertThat(waiting.virtualSeconds()).isCloseTo(waitingEnd, within(MILLISECOND));
        assertThat(waiting.utilisation())
                .isCloseTo(ROUNDS * 20 * equal / waitingEnd / members.size(), within(1e-5));
        assertThat(paced.utilisation()).isGreaterThan(waiting.utilisation());
    }

    @Test
    void overlap_and_pace_together_train_more_than_each_alone() throws IOException {
        double pace = run(UNLIKE + pace(200, 4)).utilisation();
        double overlap = run(UNLIKE + "    overlap: {steps: 3}\n").utilisation();
        VariantResult both = run(UNLIKE + pace(200, 4) + "    overlap: {steps: 3}\n");

        assertThat(both.utilisation()).isGreaterThan(pace).isGreaterThan(overlap);
        assertThat(both.mergedShare()).isCloseTo(1, within(1e-9));
        assertThat(both.meanLoss()).isLessThan(both.startMeanLoss());
    }

    /** What one member alone contributes is the base: nothing is to be put on top of it. */
    @Test
    void what_was_learnt_ahead_is_put_on_top_of_the_base() throws IOException {
        String alone =
                ALIKE.replace("count: 6", "count: 1")
                        .replace("quorum: 2", "quorum: 1")
                        .replace("influenceCap: 0.5", "influenceCap: 1");
        double waiting = run(alone).meanLoss();

        assertThat(run(alone + "    overlap: {steps: 3}\n").meanLoss())
                .isCloseTo(waiting, within(1e-9));
        assertThat(run(ALIKE + "    overlap: {steps: 3}\n").meanLoss())
                .as("others move the base from under the steps ahead")
                .isNotEqualTo(run(ALIKE).meanLoss());
    }

    @Test
    void text_is_trained_ahead_by_a_node_s_own_training() throws IOException {
        String alone =
                Plans.TEXT
                        .substring(0, Plans.TEXT.indexOf("  - name: coded"))
                        .replace("steps: 2\n", "steps: 4\n")
                        .replace("count: 3", "count: 1")
                        .replace("quorum: 2", "quorum: 1")
                        .replace("influenceCap: 0.5", "influenceCap: 1");
        String together = alone.replace("count: 1", "count: 3");
        String ahead = "    overlap: {steps: 3}\n";

        assertThat(run(alone + ahead).meanLoss()).isCloseTo(run(alone).meanLoss(), within(1e-4));
        VariantResult waiting = run(together);
        VariantResult overlapping = run(together + ahead);
        assertThat(overlapping.meanLoss())
                .isNotEqualTo(waiting.meanLoss())
                .isLessThan(overlapping.startMeanLoss());
        assertThat(overlapping.rounds().getFirst().meanLoss())
                .as("nothing is ahead of the first round")
                .isEqualTo(waiting.rounds().getFirst().meanLoss());
        assertThat(overlapping.virtualSeconds()).isLessThan(waiting.virtualSeconds());
    }

    @Test
    void text_is_trained_at_a_pace_with_shared_gradients_and_steps_ahead() throws IOException {
        String all =
                Plans.SHARING
                                .replace("steps: 2\n", "steps: 6\n")
                                .replace("speedSpread: 0.1", "speedSpread: 0.5")
                        + pace(60, 2)
                        + "    overlap: {steps: 1}\n";

        VariantResult result = run(all);

        assertThat(result.published()).isEqualTo(2);
        assertThat(result.refused()).isEmpty();
        assertThat(result.mergedShare()).isCloseTo(1, within(1e-9));
        assertThat(CanonicalJson.write(run(all))).isEqualTo(CanonicalJson.write(result));
    }

    @Test
    void late_and_absent_members_overlap_too_and_the_same_plan_gives_the_same_report()
            throws IOException {
        String plan = MIXED + "    overlap: {steps: 1}\n";

        VariantResult once = run(plan);

        assertThat(once.late()).isPositive();
        assertThat(once.rounds()).anyMatch(round -> round.away() > 0);
        assertThat(once.mergedShare()).isBetween(0.01, 0.99);
        assertThat(once.utilisation()).isLessThan(1);
        assertThat(CanonicalJson.write(run(plan))).isEqualTo(CanonicalJson.write(once));
    }

    /** As they were before a variant could have either; some members are late, some away. */
    @Test
    void a_variant_without_either_has_the_figures_that_it_always_had() throws IOException {
        VariantResult mean = run(MIXED);

        assertThat(mean.virtualSeconds()).isEqualTo(2415);
        assertThat(mean.utilisation()).isEqualTo(0.08451937200043179);
        assertThat(mean.mergedShare()).isEqualTo(0.2528983388171446);
        assertThat(mean.bytesUpPerMember()).isEqualTo(5493);
        assertThat(mean.bytesDownPerMember()).isEqualTo(10385);
        assertThat(mean.merged()).isEqualTo(6);
        assertThat(mean.late()).isEqualTo(5);
        assertThat(mean.rounds())
                .extracting(Round::endedSeconds)
                .containsExactly(725.0, 845.0, 965.0, 1690.0, 2415.0);
        assertThat(mean.meanLoss()).isCloseTo(0.061001330440745793, within(1e-12));
    }

    private static String pace(int seconds, int leastSteps) {
        return "    pace: {trainFor: PT%dS, leastSteps: %d}\n".formatted(seconds, leastSteps);
    }

    private static List<Profile> members(String plan) throws IOException {
        Population population =
                new Population(Plans.read(Files.createTempDirectory("plan"), plan).members(), 1);
        return IntStream.range(0, 6).mapToObj(population::profile).toList();
    }

    private static double slowest(List<Profile> members) {
        return members.stream().mapToDouble(Profile::secondsPerStep).max().orElseThrow();
    }

    /** Of all members' time until then, what {@link #ROUNDS} rounds of all steps are. */
    private static double share(double end) {
        return ROUNDS * STEPS * STEP / end;
    }

    private static double journey(VariantResult result) {
        return journey(result, STEP);
    }

    /**
     * Seconds from the end of a round's training to the beginning of the next by its base:
     * manifest, contribution, merge, candidate, scoring, score, and word of the merge and of the
     * next round.
     *
     * @param scoring seconds
     */
    private static double journey(VariantResult result, double scoring) {
        double up = 8.0 * result.bytesUpPerMember() / result.rounds().size() / UP_BITS;
        double down = 8.0 * result.modelBytes() / DOWN_BITS;
        return 6 * LATENCY + up + MERGE + down + scoring;
    }

    private static double firstBase(VariantResult result) {
        return LATENCY + 8.0 * result.modelBytes() / DOWN_BITS;
    }

    private VariantResult run(String text) throws IOException {
        Path work = Files.createDirectories(directory.resolve("work"));
        return new Simulation(
                        Plans.read(directory, text),
                        directory.resolve("plan.yaml"),
                        work,
                        Plans.resources(1, new StopSignal()),
                        _ -> {})
                .run(_ -> {})
                .variants()
                .getLast();
    }

    private VariantResult run(String text, Exercise work) throws IOException {
        SimulationPlan plan = Plans.read(directory, text);
        Path folder = Files.createDirectory(directory.resolve("variant"));
        return new VariantRun(
                        plan,
                        plan.variants().getLast(),
                        Map.of(),
                        Plans.resources(1, new StopSignal()),
                        _ -> {})
                .run(work, folder);
    }
}
