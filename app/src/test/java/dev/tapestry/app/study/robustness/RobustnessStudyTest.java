package dev.tapestry.app.study.robustness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tapestry.app.study.CellStore;
import dev.tapestry.app.study.StudyFiles;
import dev.tapestry.trust.json.StrictYaml;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class RobustnessStudyTest {

    private static final Path ADOPTED = Path.of("../models/demo-base");

    private static final String PLAN =
            """
            conditions:
              languages:
                - {language: DA, members: 5}
                - {language: SV, members: 1}
              bad: [da-3]
              recipe: {optimizer: MUON, learningRate: 0.01, embeddingEpsilon: 0.0001, batchSequences: 1}
              tokens: 256
              steps: 1
              scoredTokens: 256
              maxRelativeUpdateNorm: 0.5
              probe: {trigger: " zq-seventeen", target: " is closed", prefixes: 1}
            attackers: [1]
            seeds: [1]
            attacks:
              - {name: nan, attack: {type: not-a-number}}
              - {name: noise, attack: {type: free-rider, sends: NOISE}}
            rules:
              - name: mean
                merge:
                  outer: {type: sgd, learningRate: 1, momentum: 0, nesterov: false}
                  aggregator: {type: mean}
              - name: bucketed-median
                merge:
                  outer: {type: sgd, learningRate: 1, momentum: 0, nesterov: false}
                  aggregator: {type: coordinate-median}
                  mixing: {type: bucketing, size: 2}
            """;

    @TempDir Path directory;

    private final List<String> said = new ArrayList<>();
    private Path work = Path.of("");

    @BeforeEach
    void makeWork() throws IOException {
        work = Files.createDirectories(directory.resolve("work"));
    }

    @Test
    void each_attack_on_each_rule_is_tried_and_gives_the_same_when_it_is_tried_again()
            throws IOException {
        RobustnessStudy study = study(PLAN);

        assertThat(study.run()).isTrue();

        RobustnessReport report = report(study);
        assertThat(report.trials()).hasSize(6);
        RobustnessReport.Row calm = row(report, "mean", "none", 0);
        assertThat(calm.minorityShare()).isCloseTo(1, within(1e-3));
        assertThat(calm.minorityLeftOutPercent()).isZero();
        assertThat(calm.behindMeanPercent()).contains(0.0);
        assertThat(calm.worstLossPercent()).contains(0.0);
        RobustnessReport.Row median = row(report, "bucketed-median", "none", 0);
        assertThat(median.worstLossPercent().orElseThrow())
                .as("one lost at least as much as all in the mean")
                .isGreaterThanOrEqualTo(median.behindMeanPercent().orElseThrow());
        assertThat(calm.refused()).isEmpty();

        // Two rounds: each refused. A share is told of those who were admitted.
        RobustnessReport.Row nan = row(report, "mean", "nan", 1);
        assertThat(nan.refused()).hasSize(1).containsEntry("bad NON_FINITE", 2.0);
        assertThat(nan.attackersShare()).isZero();
        assertThat(nan.minorityShare()).isCloseTo(1, within(1e-3));
        assertThat(nan.honestBpb()).isPresent();
        assertThat(nan.triggerLiftNats()).isPresent();

        // In the first round no step is known that noise could be as long as.
        assertThat(row(report, "mean", "noise", 1).refused())
                .hasSize(1)
                .containsEntry("bad UPDATE_IS_ZERO", 1.0);

        said.clear();
        assertThat(study.run()).isTrue();
        assertThat(said).isEmpty();
        Files.delete(cells().resolve("bucketed-median-noise-1-1.json"));
        assertThat(study.run()).isTrue();
        assertThat(said).hasSize(2);
        assertThat(report(study)).isEqualTo(report);

        assertThat(RobustnessText.markdown(plan(PLAN), report))
                .contains("## 1 of 6 attack")
                .contains("| rule | no attack | nan | noise |")
                .contains("2 bad NON_FINITE");
        assertThat(RobustnessText.html(plan(PLAN), report)).contains("rgba(", "1 of 6 attack");
        assertThat(StudyFiles.json(report)).contains("\"minority_left_out_percent\" :");
    }

    @Test
    void a_report_of_nothing_has_dashes_and_lies_beside_the_plan() throws IOException {
        Path plan = Files.writeString(directory.resolve("small.yaml"), PLAN);

        int code =
                new CommandLine(new RobustnessCommand())
                        .execute(plan.toString(), "--report", "--work", work.toString());

        assertThat(code).isZero();
        assertThat(directory.resolve("small.table.md")).content().contains("| mean | – | – | – |");
        assertThat(directory.resolve("small.html"))
                .content()
                .contains("<td>bucketed-median</td><td>–</td>");
        assertThat(directory.resolve("small.json")).content().contains("\"trials\" : [ ]");
    }

    @Test
    void plans_that_cannot_be_run_are_refused() {
        refused(
                "bad: [da-3]",
                "bad: []",
                "the bad members are some of [da-1, da-2, da-3, da-4, da-5, sv-1]");
        refused("bad: [da-3]", "bad: [fi-1]", "each once, not [fi-1]");
        refused("bad: [da-3]", "bad: [da-3, da-3]", "each once, not [da-3, da-3]");
        refused("bad: [da-3]", "bad: [da-1, da-2, da-3]", "fewer than half");
        refused("bad: [da-3]", "bad: [sv-1]", "add a language with 1 member");
        refused("language: SV", "language: DA", "a language stands twice");
        refused("SV, members: 1", "SV, members: 0", "members of a language is at least 1");
        refused("attackers: [1]", "attackers: [2]", "attackers are 1 to 1");
        refused("seeds: [1]", "seeds: []", "at least one seed and one rule");
        refused("name: nan", "name: noise", "the attack noise stands twice");
        refused("name: nan", "name: none", "'none', which is kept for no attack");
        refused("name: nan", "name: ../nan", "small letters, digits and hyphens");
        refused("name: bucketed-median", "name: mean", "the rule mean stands twice");
        refused(
                "size: 2",
                "size: 3",
                "the rule bucketed-median would not work when all attackers are refused: MEDIAN_TOO_FEW");
        refused("target: \" is closed\"", "target: \"\"", "trigger and target are not empty");
        refused("tokens: 256", "tokens: 0", "tokens is at least 1");
        refused("steps: 1", "steps: 0", "steps is at least 1");
        refused(
                "{type: not-a-number}",
                "{type: backdoor, period: 0, boost: 1}",
                "period is at least 1");
        refused("sends: NOISE", "sends: NOTHING", "NOTHING");
        refused("{type: not-a-number}", "{type: bribe}", "bribe");
    }

    private void refused(String good, String bad, String reason) {
        assertThat(PLAN).contains(good);
        assertThatThrownBy(() -> plan(PLAN.replace(good, bad))).hasMessageContaining(reason);
    }

    private RobustnessStudy study(String text) throws IOException {
        return new RobustnessStudy(
                plan(text),
                new CellStore<>(cells(), TrialResult.class),
                ADOPTED,
                work,
                "abc",
                said::add);
    }

    private RobustnessReport report(RobustnessStudy study) throws IOException {
        return RobustnessReport.of(plan(PLAN), study.results());
    }

    private static RobustnessReport.Row row(
            RobustnessReport report, String rule, String attack, int attackers) {
        return report.find(rule, attack, attackers).orElseThrow();
    }

    private Path cells() {
        return directory.resolve("cells");
    }

    private RobustnessPlan plan(String text) throws IOException {
        return StrictYaml.read(
                Files.writeString(directory.resolve("plan.yaml"), text), RobustnessPlan.class);
    }
}
