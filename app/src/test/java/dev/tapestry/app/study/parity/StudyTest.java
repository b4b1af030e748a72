package dev.tapestry.app.study.parity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tapestry.app.study.CellStore;
import dev.tapestry.training.Device;
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

    /** Two members who merge in pairs every two steps, in rounds and without. */
    private static final String IN_STEP =
            """
              - name: %s
                start: ADOPTED
                group: TWO
                shuffled: false
                tokens: 2048
                seeds: [1]
                rates: [0.002]
                optimizer: MUON
                batchSequences: 2
                scheme:
            """;

    private static final String ROUNDS =
            IN_STEP.formatted("rounds")
                    + """
                          type: loop
                          rounds:
                            steps: 2
                            merge:
                              outer: {type: sgd, learningRate: 0.7, momentum: 0.5, nesterov: true}
                              aggregator: {type: norm-preserving}
                            sharing: GRADIENTS
                    """;

    private static final String NOBODY_WAITS =
            IN_STEP.formatted("free")
                    + """
                          type: asynchronous
                          steps: 2
                          paced: false
                          merge:
                            outer: {type: sgd, learningRate: 0.7, momentum: 0.5, nesterov: true}
                            aggregator: {type: norm-preserving}
                          quorum: 2
                          weighting: TOKENS_SQUARED_PER_STEP
                          influenceCap: 0.5
                          sharing: GRADIENTS
                          churn: {speeds: [1], absence: 0}
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

        StudyReport report = StudyReport.of(study, plan(PLAN));
        StudyReport.Row central = report.arms().getFirst();
        StudyReport.Row loop = report.arms().getLast();
        assertThat(said).filteredOn(line -> line.startsWith("ended")).hasSize(5);
        assertThat(central.rate()).isEqualTo(0.001);
        assertThat(report.commit()).isEqualTo("abc");
        assertThat(loop.settings().toString())
                .as("a scheme says of which kind it is")
                .contains("\"type\":\"loop\"");
        assertThat(central.rateAtTheEdge()).isTrue();
        assertThat(central.gapPercent()).contains(0.0);
        assertThat(loop.seeds()).containsExactly(1L, 2L);
        assertThat(loop.rates()).hasSize(1);
        assertThat(loop.devices()).containsExactly("cpu");
        assertThat(StudyText.markdown(report)).contains("0.001 (edge)", " (only)");
        assertThat(loop.gapPercent().orElseThrow()).isBetween(-20.0, 20.0);
        assertThat(loop.gapCiHighPercent().orElseThrow()).isGreaterThan(loop.gapPercent().get());
        assertThat(loop.worstMemberGapPercent().orElseThrow())
                .isGreaterThanOrEqualTo(loop.gapPercent().get());
        // Eight steps; four merges of half the model, the last of all of it, and of as many moments
        // as two for each of a quarter of the weights and one for the others: at a byte each.
        assertThat(loop.bytesReduction().orElseThrow()).isCloseTo(4.2, within(0.4));
        assertThat(StudyText.markdown(report))
                .containsPattern("\\| [0-9]+ loop \\| adopted \\| 2 \\| 4 \\|");
    }

    @Test
    void members_take_private_steps_from_what_came_out_and_are_scored_on_their_own_text()
            throws IOException {
        String pooling = SHORT.replace("[0.001, 0.9]", "[0.001]");
        String text =
                pooling
                        + privately(pooling, 4096)
                                .replace(HEAD, "")
                                .replace(": central\n", ": then\n");
        Study study = study(text);
        study.run();

        StudyPlan plan = plan(text);
        CellResult pooled = study.result(plan.arms().getFirst()).of(1).orElseThrow();
        CellResult then = study.result(plan.arms().getLast()).of(1).orElseThrow();
        assertThat(then.bitsPerByte()).isEqualTo(pooled.bitsPerByte());
        assertThat(pooled.ownBitsPerByte()).isEmpty();
        then.ownBitsPerByte()
                .orElseThrow()
                .forEach((member, own) ->
                        assertThat(own).isLessThan(pooled.bitsPerByte().getOrDefault(member, 0.0)));
        assertThat(then.ownBitsPerByte().orElseThrow()).hasSize(2);
        StudyReport report = StudyReport.of(study, plan);
        assertThat(report.arms().getFirst().ownBpb()).isEmpty();
        assertThat(report.arms().getLast().ownBpb().orElseThrow())
                .isLessThan(then.meanBitsPerByte());
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

        StudyReport.Row row = StudyReport.of(study, plan(churning)).arms().getFirst();
        assertThat(row.meanBpb()).isBetween(1.0, 2.5);
        // Twelve steps of each are due: three a round, of which the first member does one.
        assertThat(row.bytesReduction().orElseThrow()).isBetween(4.0, 40.0);
    }

    @Test
    void members_who_keep_step_of_themselves_are_merged_as_in_rounds() throws IOException {
        String plan = HEAD + ROUNDS.indent(2) + NOBODY_WAITS.indent(2);
        Study study = study(plan);

        assertThat(study.run()).isTrue();

        StudyReport.Row rounds = StudyReport.of(study, plan(plan)).arms().getFirst();
        StudyReport.Row free = StudyReport.of(study, plan(plan)).arms().getLast();
        assertThat(free.meanBpb()).isEqualTo(rounds.meanBpb());
        assertThat(free.bytesReduction()).isEqualTo(rounds.bytesReduction());
        assertThat(free.h()).contains(2);
    }

    @Test
    void a_member_of_twice_the_speed_contributes_twice_as_often() throws IOException {
        String plan =
                HEAD
                        + NOBODY_WAITS
                                .replace("tokens: 2048", "tokens: 3072")
                                .replace("quorum: 2", "quorum: 1")
                                .replace("influenceCap: 0.5", "influenceCap: 1")
                                .replace("      sharing: GRADIENTS\n", "")
                                .replace("speeds: [1]", "speeds: [1, 2]")
                                .indent(2);
        Study study = study(plan);

        assertThat(study.run()).isTrue();

        // Twelve steps of each are due: the first has done 8 when the other has done 16. It comes
        // every fourth step of the other, which comes every second: 4 + 8 times, of two members.
        StudyReport.Row row = StudyReport.of(study, plan(plan)).arms().getFirst();
        assertThat(row.bytesReduction()).contains(12.0 / 6);
        assertThat(row.meanBpb()).isBetween(1.0, 2.5);
    }

    /** Coded, often out of reach, and against bases that have long moved on. */
    @Test
    void nobody_waits_for_those_who_are_out_of_reach_and_the_seed_tells_who_is()
            throws IOException {
        String start =
                IN_STEP.formatted("start").replace("TWO", "FOUR") + "      type: untrained\n";
        String plan =
                HEAD
                        + start.indent(2)
                        + NOBODY_WAITS
                                .replace("group: TWO", "group: FOUR")
                                .replace(
                                        "sharing: GRADIENTS",
                                        "sharing: GRADIENTS\n      wire: {up: INT8, down: INT4, residual: ADDED, shared: INT8}")
                                .replace(
                                        "steps: 2\n      paced: false",
                                        "steps: 4\n      paced: true")
                                .replace(
                                        "speeds: [1], absence: 0",
                                        "speeds: [1, 1, 2, 4], absence: 0.4")
                                .indent(2);
        Study study = study(plan);
        study.run();
        StudyReport first = StudyReport.of(study, plan(plan));
        assertThat(first.arms().getLast().meanBpb()).isLessThan(first.arms().getFirst().meanBpb());

        Files.delete(cells().resolve("free-0.002-1.json"));
        study.run();
        assertThat(StudyReport.of(study, plan(plan))).isEqualTo(first);
    }

    @Test
    void what_has_been_run_is_not_run_again_and_gives_the_same_when_it_is() throws IOException {
        String plan = HEAD + LOOP.replace("[1, 2]", "[1]").indent(2);
        Study study = study(plan);
        study.run();
        StudyReport first = StudyReport.of(study, plan(plan));
        said.clear();

        study.run();
        assertThat(said).isEmpty();

        Files.delete(cells().resolve("loop-0.002-1.json"));
        study.run();
        assertThat(said).containsExactly("begins loop-0.002-1", said.getLast()).hasSize(2);
        assertThat(StudyReport.of(study, plan(plan))).isEqualTo(first);
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

        refused(privately(SHORT, 1), "type: central", "type: alone", "take no private steps");
        refused(SHORT, SHORT, privately(SHORT, 0), "at least 1 token");

        String free = HEAD + NOBODY_WAITS.indent(2);
        refused(free, "quorum: 2", "quorum: 0", "a merge takes at least 1 member");
        refused(free, "quorum: 2", "quorum: 1", "the influence cap is at least 1.0");
        refused(free, "influenceCap: 0.5", "influenceCap: 1.1", "at most 1, not 1.1");
        refused(free, "GRADIENTS", "MOMENTS", "share GRADIENTS, or leave 'sharing' out");
        refused(free, "norm-preserving", "coordinate-median", "MEDIAN_TOO_FEW");
        String many = free.replace("quorum: 2", "quorum: 3");
        assertThatThrownBy(() -> study(many).run()).hasMessageContaining("never reached by 2");
    }

    /** With so many tokens of private steps in each arm. */
    private static String privately(String plan, long tokens) {
        String steps = "privateSteps: {tokens: %d, learningRate: 0.001}".formatted(tokens);
        return plan.replaceAll("(\\n +)scheme:", "$1" + steps + "$1scheme:");
    }

    private void refused(String good, String bad, String reason) {
        refused(PLAN, good, bad, reason);
    }

    private void refused(String text, String good, String bad, String reason) {
        assertThatThrownBy(() -> plan(text.replace(good, bad))).hasMessageContaining(reason);
    }

    private Study study(String text) throws IOException {
        return new Study(
                plan(text),
                new CellStore<>(cells(), CellResult.class),
                ADOPTED,
                work,
                "abc",
                1,
                Device.CPU,
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
