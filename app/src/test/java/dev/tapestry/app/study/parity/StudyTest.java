package dev.tapestry.app.study.parity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tapestry.app.study.CellStore;
import dev.tapestry.trust.json.StrictYaml;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StudyTest {

    private static final Path ADOPTED = Path.of("../models/demo-base");

    private static final String HEAD =
            """
            scoredTokens: 2048
            arms:
            """;

    private static final String CENTRAL =
            """
              - name: central
                start: ADOPTED
                group: TWO
                shuffled: false
                tokens: 2048
                seeds: [1, 2]
                rates: [0.001, 0.9]
                optimizer: MUON
                batchSequences: 2
                scheme: {type: central}
            """;

    private static final String LOOP =
            """
              - name: loop
                start: ADOPTED
                group: TWO
                shuffled: false
                tokens: 2048
                seeds: [1, 2]
                rates: [0.002]
                optimizer: MUON
                batchSequences: 2
                scheme:
                  type: loop
                  rounds:
                    steps: 4
                    merge:
                      outer: {type: sgd, learningRate: 1, momentum: 0, nesterov: false}
                      aggregator: {type: mean}
                    streaming: {fragments: 2, overlap: 1}
                    wire: {up: INT8, down: INT8, residual: ADDED}
                    sharing: MOMENTS
            """;

    private static final String PLAN = HEAD + CENTRAL.indent(2) + LOOP.indent(2);

    /** One cell for each rate. */
    private static final String SHORT = HEAD + CENTRAL.replace("[1, 2]", "[1]").indent(2);

    @TempDir Path directory;

    private final List<String> said = new ArrayList<>();
    private Path work = Path.of("");

    @BeforeEach
    void makeWork() throws IOException {
        work = Files.createDirectories(directory.resolve("work"));
    }

    @Test
    void arms_are_tuned_on_the_first_seed_then_repeated_and_compared() throws IOException {
        Study study = study(PLAN);

        assertThat(study.run()).isTrue();

        StudyReport report = StudyReport.of(study, plan(PLAN), "abc");
        StudyReport.Row central = report.arms().getFirst();
        StudyReport.Row loop = report.arms().getLast();
        assertThat(said).filteredOn(line -> line.startsWith("ended")).hasSize(5);
        assertThat(central.settings().recipe().learningRate()).isEqualTo(0.001);
        assertThat(central.rateAtTheEdge()).isTrue();
        assertThat(central.gapPercent()).contains(0.0);
        assertThat(loop.seeds()).containsExactly(1L, 2L);
        assertThat(loop.gapPercent().orElseThrow()).isBetween(-20.0, 20.0);
        assertThat(loop.gapCiHighPercent().orElseThrow()).isGreaterThan(loop.gapPercent().get());
        assertThat(loop.worstMemberGapPercent().orElseThrow())
                .isGreaterThanOrEqualTo(loop.gapPercent().get());
        // Eight steps; four merges of half the model, the last of all of it, and of as many moments
        // as two for each of a quarter of the weights and one for the others: at a byte each.
        assertThat(loop.bytesReduction().orElseThrow()).isCloseTo(4.2, within(0.4));
        assertThat(StudyText.markdown(report)).contains("| loop | adopted | 2 | 4 |");
    }

    /** Some are away twice in a row: what they learnt goes into a merge that they reach. */
    @Test
    void members_of_different_speed_who_are_often_away_train_all_tokens() throws IOException {
        String churning =
                """
                scoredTokens: 2048
                arms:
                  - name: churning
                    start: ADOPTED
                    group: TWO
                    shuffled: false
                    tokens: 3072
                    seeds: [1]
                    rates: [0.002]
                    optimizer: MUON
                    batchSequences: 2
                    scheme:
                      type: loop
                      rounds:
                        steps: 2
                        merge:
                          outer: {type: sgd, learningRate: 1, momentum: 0, nesterov: false}
                          aggregator: {type: mean}
                        sharing: GRADIENTS
                        wire: {up: INT8, down: INT8, residual: ADDED, shared: TOPK_16}
                        churn: {speeds: [1, 2], absence: 0.6}
                """;
        Study study = study(churning);

        assertThat(study.run()).isTrue();

        StudyReport.Row row = StudyReport.of(study, plan(churning), "abc").arms().getFirst();
        assertThat(row.meanBpb()).isBetween(1.0, 2.5);
        // Twelve steps of each are due: three a round, of which the first member does one.
        assertThat(row.bytesReduction().orElseThrow()).isBetween(4.0, 40.0);
    }

    @Test
    void what_has_been_run_is_not_run_again_and_gives_the_same_when_it_is() throws IOException {
        String plan = HEAD + LOOP.replace("[1, 2]", "[1]").indent(2);
        Study study = study(plan);
        study.run();
        StudyReport first = StudyReport.of(study, plan(plan), "abc");
        said.clear();

        study.run();
        assertThat(said).isEmpty();

        Files.delete(cells().resolve("loop-0.002-1.json"));
        study.run();
        assertThat(said).containsExactly("begins loop-0.002-1", said.getLast()).hasSize(2);
        assertThat(StudyReport.of(study, plan(plan), "abc")).isEqualTo(first);
    }

    @Test
    void a_cell_that_another_process_runs_is_left_to_it() throws IOException {
        Cell first = plan(SHORT).arms().getFirst().cell(0.001, 1, 2048);
        try (CellStore.Claim _ =
                new CellStore<>(cells(), CellResult.class).claim(first).orElseThrow()) {
            assertThat(study(SHORT).run()).isFalse();
        }
        assertThat(Files.exists(cells().resolve("central-0.001-1.json"))).isFalse();
        assertThat(Files.exists(cells().resolve("central-0.9-1.json"))).isTrue();
    }

    @Test
    void outcomes_of_other_settings_are_not_taken_for_these() throws IOException {
        String plan = SHORT.replace("[0.001, 0.9]", "[0.001]");
        study(plan).run();

        assertThatThrownBy(() -> study(plan.replace(" tokens: 2048", " tokens: 4096")).run())
                .hasMessageContaining("central-0.001-1.json was made with other settings")
                .hasMessageContaining("remove it to run the cell again");
    }

    @Test
    void plans_that_cannot_be_run_are_refused() {
        refused("name: loop", "name: central", "the arm central stands twice");
        refused("name: loop", "name: ../loop", "named by small letters, digits and hyphens");
        refused("seeds: [1, 2]", "seeds: []", "needs at least one seed and one rate");
        refused("fragments: 2", "fragments: 3", "4 steps are no multiple of 3 fragments");
        refused("overlap: 1", "overlap: 3", "leave no room for 3 steps of overlap");
    }

    private void refused(String good, String bad, String reason) {
        assertThatThrownBy(() -> plan(PLAN.replace(good, bad))).hasMessageContaining(reason);
    }

    private Study study(String text) throws IOException {
        return new Study(
                plan(text),
                new CellStore<>(cells(), CellResult.class),
                ADOPTED,
                work,
                "abc",
                1,
                said::add);
    }

    private Path cells() {
        return directory.resolve("cells");
    }

    private StudyPlan plan(String text) throws IOException {
        return StrictYaml.read(
                Files.writeString(directory.resolve("plan.yaml"), text), StudyPlan.class);
    }
}
