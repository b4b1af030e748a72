package dev.tapestry.app.study.simulation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tapestry.app.study.simulation.SimulationReport.Outcome;
import dev.tapestry.app.study.simulation.SimulationReport.Round;
import dev.tapestry.app.study.simulation.SimulationReport.VariantResult;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.StopSignal;
import dev.tapestry.trust.json.CanonicalJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SimulationTest {

    @TempDir Path directory;

    private final List<String> said = new ArrayList<>();
    private Path work = Path.of("");

    @BeforeEach
    void makeWork() throws IOException {
        work = Files.createDirectories(directory.resolve("work"));
    }

    @Test
    void the_same_plan_gives_the_same_report_to_the_last_byte_and_another_seed_another()
            throws IOException {
        byte[] once = CanonicalJson.write(run(Plans.QUADRATIC));

        assertThat(CanonicalJson.write(run(Plans.QUADRATIC))).isEqualTo(once);
        assertThat(CanonicalJson.write(run(Plans.QUADRATIC.replace("seed: 1", "seed: 2"))))
                .isNotEqualTo(once);
    }

    @Test
    void all_that_come_in_time_are_merged_and_the_loss_falls() throws IOException {
        VariantResult mean = run(Plans.QUADRATIC).variants().getFirst();

        assertThat(mean.published()).isEqualTo(3);
        assertThat(mean.merged()).isEqualTo(3 * 6);
        assertThat(mean.late()).isZero();
        assertThat(mean.refused()).isEmpty();
        assertThat(mean.mergedShare()).isCloseTo(1, within(1e-9));
        assertThat(mean.meanLoss()).isLessThan(mean.startMeanLoss());
        assertThat(mean.worstLoss()).isGreaterThanOrEqualTo(mean.meanLoss());
        // A round is over as soon as all have come, long before its deadline.
        assertThat(mean.rounds())
                .allMatch(round -> round.endedSeconds() - round.begunSeconds() < 600);
    }

    @Test
    void a_codec_takes_fewer_bytes_and_a_member_that_has_the_base_fetches_only_the_step()
            throws IOException {
        SimulationReport report = run(Plans.QUADRATIC);
        VariantResult whole = report.variants().getFirst();
        VariantResult coded = report.variants().getLast();

        assertThat(coded.bytesUpPerMember()).isLessThan(whole.bytesUpPerMember() / 3);
        assertThat(whole.bytesDownPerMember()).isEqualTo((3 + 1) * whole.modelBytes());
        assertThat(coded.bytesDownPerMember())
                .isBetween(coded.modelBytes(), 2 * coded.modelBytes());
        assertThat(coded.meanLoss()).isLessThan(coded.startMeanLoss());
    }

    @Test
    void who_is_slower_than_the_deadline_is_late_and_the_round_goes_on_without_it()
            throws IOException {
        // The median member needs 5 × 20 s; some of these need longer than 120 s.
        VariantResult mean =
                run(Plans.ONE_VARIANT
                                .replace("speedSpread: 0.1", "speedSpread: 1")
                                .replace("roundDeadline: PT30M", "roundDeadline: PT2M"))
                        .variants()
                        .getFirst();

        assertThat(mean.late()).isPositive();
        assertThat(mean.merged()).isBetween(3 * 2, 3 * 6 - 1);
        assertThat(mean.mergedShare()).isLessThan(1);
        for (Round round : mean.rounds()) {
            // Collected until the deadline, merged in 5 s, scored by all but who still trains.
            assertThat(round.endedSeconds() - round.begunSeconds()).isGreaterThanOrEqualTo(125);
        }
    }

    @Test
    void rounds_without_a_quorum_are_abandoned_and_after_three_the_run_ends() throws IOException {
        VariantResult mean =
                run(Plans.ONE_VARIANT.replace("roundDeadline: PT30M", "roundDeadline: PT10S"))
                        .variants()
                        .getFirst();

        assertThat(mean.published()).isZero();
        assertThat(mean.rounds())
                .hasSize(3)
                .allMatch(round -> round.outcome() == Outcome.ABANDONED)
                .allMatch(round -> round.reason().startsWith("0 of 2 contributions needed"));
        assertThat(mean.meanLoss()).isEqualTo(mean.startMeanLoss());
        assertThat(mean.bytesUpPerMember()).isZero();
        assertThat(said.getFirst()).contains("abandoned (0 of 2 contributions needed");
    }

    @Test
    void a_contribution_beyond_the_charter_s_band_is_refused_by_the_coordinator_s_own_check()
            throws IOException {
        VariantResult mean =
                run(Plans.ONE_VARIANT.replace(
                                "maxRelativeUpdateNorm: 0.9", "maxRelativeUpdateNorm: 0.0001"))
                        .variants()
                        .getFirst();

        assertThat(mean.refused().keySet()).containsExactly("UPDATE_TOO_LARGE");
        assertThat(mean.published()).isZero();
    }

    @Test
    void members_that_are_away_make_a_round_last_until_its_deadlines() throws IOException {
        VariantResult mean =
                run(Plans.ONE_VARIANT.replace(
                                "spread: 0.1}",
                                "spread: 0.1}\n  absence: {probability: 0.5, rounds: 2}"))
                        .variants()
                        .getFirst();

        assertThat(mean.rounds()).anyMatch(round -> round.away() > 0);
        for (Round round : mean.rounds()) {
            assertThat(round.merged()).isLessThanOrEqualTo(6 - round.away());
            if (round.away() > 0) {
                assertThat(round.endedSeconds() - round.begunSeconds())
                        .isGreaterThanOrEqualTo(30 * 60);
            }
        }
    }

    @Test
    void two_hundred_members_come_to_the_end() throws IOException {
        VariantResult mean =
                run(Plans.ONE_VARIANT
                                .replace("count: 6", "count: 200")
                                .replace("rounds: 3", "rounds: 1"))
                        .variants()
                        .getFirst();

        assertThat(mean.published()).isEqualTo(1);
        assertThat(mean.merged()).isEqualTo(200);
    }

    @Test
    void a_loss_that_is_no_number_ends_its_variant_and_the_others_go_on() throws IOException {
        String steep =
                Plans.QUADRATIC
                        .replace("learningRate: 0.2}", "learningRate: 2.5}")
                        .replace("steps: 5\n", "steps: 1500\n")
                        .replace("roundDeadline: PT30M", "roundDeadline: PT72H");

        SimulationReport report = run(steep);

        assertThat(report.variants()).hasSize(2);
        assertThat(report.variants()).allMatch(variant -> variant.broke().isPresent());
        assertThat(SimulationText.table(report)).contains("mean (broke)");
    }

    @Test
    void members_train_on_real_text_with_their_optimisers_in_files() throws IOException {
        SimulationReport kept = run(Plans.TEXT);
        SimulationReport dropped = run(Plans.TEXT.replace("KEPT", "DROPPED"));

        VariantResult mean = kept.variants().getFirst();
        assertThat(mean.published()).isEqualTo(2);
        assertThat(mean.meanLoss()).isLessThan(mean.startMeanLoss());
        assertThat(mean.rounds()).allMatch(round -> round.merged() == 3);
        assertThat(dropped.variants().getFirst().meanLoss()).isNotEqualTo(mean.meanLoss());
        assertThat(CanonicalJson.write(run(Plans.TEXT))).isEqualTo(CanonicalJson.write(kept));
    }

    @Test
    void shared_gradients_cost_bytes_both_ways_and_correct_all_rounds_but_the_first()
            throws IOException {
        SimulationReport report = run(Plans.SHARING);
        VariantResult alone = report.variants().getFirst();
        VariantResult shared = report.variants().getLast();

        assertThat(shared.published()).isEqualTo(2);
        assertThat(shared.refused()).isEmpty();
        long gradients = shared.bytesUpPerMember() - alone.bytesUpPerMember();
        assertThat(gradients)
                .as("two of a byte for each parameter and a scale for 64 of them")
                .isBetween(shared.modelBytes() / 2, shared.modelBytes());
        assertThat(shared.bytesDownPerMember() - alone.bytesDownPerMember())
                .as("everybody's of the first round; nobody trains after the second")
                .isEqualTo(gradients / 2);
        assertThat(shared.rounds().getFirst().meanLoss())
                .as("nothing is known yet")
                .isEqualTo(alone.rounds().getFirst().meanLoss());
        assertThat(shared.meanLoss()).isNotEqualTo(alone.meanLoss());
        assertThat(CanonicalJson.write(run(Plans.SHARING))).isEqualTo(CanonicalJson.write(report));
    }

    @Test
    void a_simulation_that_is_stopped_leaves_nothing_but_what_was_done() throws IOException {
        StopSignal stop = new StopSignal();
        List<SimulationReport> kept = new ArrayList<>();
        Simulation simulation =
                new Simulation(
                        Plans.read(directory, Plans.QUADRATIC),
                        directory.resolve("plan.yaml"),
                        work,
                        Plans.resources(1, stop),
                        said::add);

        assertThatThrownBy(() ->
                        simulation.run(report -> {
                            kept.add(report);
                            stop.request();
                        }))
                .isInstanceOf(NodeException.class)
                .hasMessageContaining("asked to stop");

        assertThat(kept).hasSize(1);
        assertThat(kept.getFirst().variants()).hasSize(1);
        assertThat(left()).isEmpty();
    }

    @Test
    void what_a_killed_simulation_left_goes_when_the_next_one_begins_and_others_stay()
            throws IOException {
        Path killed = Files.createDirectories(work.resolve("simulation-killed/variant-mean"));
        Path text = Files.createDirectories(work.resolve("corpora"));
        try (WorkFolder other = WorkFolder.in(work)) {
            assertThat(killed.getParent()).doesNotExist();
            Files.createDirectories(killed);

            WorkFolder.in(work).close();

            assertThat(killed.getParent()).doesNotExist();
            assertThat(other.path()).exists();
        }
        assertThat(text).exists();
        assertThat(left()).isEmpty();
    }

    @Test
    void figures_are_shown_as_a_table_and_a_page_with_a_line_for_each_variant() throws IOException {
        SimulationReport report = run(Plans.QUADRATIC);

        assertThat(SimulationText.table(report))
                .contains("virtual hours")
                .contains("3 of 3 rounds")
                .contains("noisy quadratic");
        assertThat(SimulationText.html(report))
                .contains("Loss against virtual time")
                .contains("Loss against bytes")
                .contains("Loss against rounds")
                .contains(">mean<")
                .contains(">coded<")
                .doesNotContain("<script");
        assertThat(left()).isEmpty();
    }

    private SimulationReport run(String text) throws IOException {
        return new Simulation(
                        Plans.read(directory, text),
                        directory.resolve("plan.yaml"),
                        work,
                        Plans.resources(2, new StopSignal()),
                        this::say)
                .run(_ -> {});
    }

    private synchronized void say(String line) {
        said.add(line);
    }

    private List<Path> left() throws IOException {
        try (Stream<Path> files = Files.list(work)) {
            return files.filter(file -> file.getFileName().toString().startsWith("simulation-"))
                    .toList();
        }
    }
}
