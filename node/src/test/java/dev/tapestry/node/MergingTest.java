package dev.tapestry.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.build.Lineage;
import dev.tapestry.node.build.MergePlan;
import dev.tapestry.node.build.MergePlan.Rule;
import dev.tapestry.node.build.MergeResult;
import dev.tapestry.node.build.ModelRegistry;
import dev.tapestry.node.build.Withdrawal;
import dev.tapestry.node.build.WithdrawalResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models of one base become one, if it keeps enough of each. */
class MergingTest {

    @TempDir Path directory;
    private Workshop workshop = new Workshop(Path.of(""));

    @BeforeEach
    void build() throws IOException {
        workshop = Workshop.laid(directory);
        workshop.run(plan("north", "base", "corpus", 640));
        workshop.run(plan("south", "base", "open", 640));
    }

    private Path plan(String name, String base, String corpus, int tokens) throws IOException {
        return Files.writeString(
                directory.resolve(name + ".yaml"),
                """
                name: %s
                base: %s
                stages:
                  - {type: pretrain, corpus: %s, tokens: %d, training: {learning-rate: 0.01, batch: 4, sequence: 16}}
                evaluation: {own: %s, tokens: 400, sequence: 16}
                """
                        .formatted(name, base, corpus, tokens, corpus));
    }

    private static MergePlan merge(Rule rule, List<String> of, double keep) {
        return new MergePlan(
                "both",
                of,
                rule,
                List.of(1.0, 0.5),
                List.of(0.5, 1.0),
                List.of(0.5, 1.0),
                1,
                keep,
                1);
    }

    private MergeResult run(MergePlan plan) {
        return workshop.merging().run(plan);
    }

    private Lineage lineage(String name) {
        return new ModelRegistry(workshop.home()).named(name).orElseThrow();
    }

    @Test
    void the_way_that_keeps_most_of_the_one_that_keeps_least_gets_the_name() {
        MergeResult result = run(merge(Rule.TIES, List.of("north", "south"), 1));
        assertThat(result.tried()).hasSize(4);
        MergeResult.Trial accepted = result.accepted().orElseThrow();
        assertThat(result.tried())
                .allMatch(trial -> trial.leastKeptPercent() <= accepted.leastKeptPercent());
        assertThat(accepted.kept())
                .extracting(MergeResult.Kept::name)
                .containsExactly("north", "south");
        Lineage both = lineage("both");
        assertThat(both.way())
                .isInstanceOfSatisfying(
                        Lineage.Way.Merged.class,
                        merged ->
                                assertThat(merged.of())
                                        .containsExactly(
                                                lineage("north").model(),
                                                lineage("south").model()));
        assertThat(both.parent()).isEqualTo(lineage("north").parent());
        assertThat(workshop.home().sovereign("both").resolve("README.md"))
                .content()
                .contains("merged of north, south");
        assertThat(workshop.home().builds().resolve("merge")).isEmptyDirectory();
        assertThat(new ModelRegistry(workshop.home()).descendants(lineage("south").model()))
                .extracting(Lineage::name)
                .containsExactly("both");
    }

    @Test
    void every_rule_makes_a_model_and_a_gate_that_is_too_high_makes_none() {
        for (Rule rule : Rule.values()) {
            MergeResult result = run(merge(rule, List.of("north", "south"), 1e6));
            assertThat(result.tried()).as(rule.word()).hasSizeBetween(2, 4);
            assertThat(result.model()).isEmpty();
        }
        assertThat(workshop.home().sovereign("both")).doesNotExist();
    }

    @Test
    void models_of_different_bases_and_models_that_are_not_there_are_refused() throws IOException {
        workshop.run(plan("child", "model:north", "open", 64));
        assertThatThrownBy(() -> run(merge(Rule.TIES, List.of("north", "child"), 1)))
                .isInstanceOfSatisfying(
                        NodeException.class,
                        e -> {
                            assertThat(e.code()).isEqualTo(Code.WRONG_MODEL);
                            assertThat(e).hasMessageContaining("of one base");
                        });
        assertThatThrownBy(() -> run(merge(Rule.TIES, List.of("north", "nobody"), 1)))
                .hasMessageContaining("no model directory");
        assertThatThrownBy(() -> merge(Rule.TIES, List.of("north"), 1))
                .hasMessageContaining("at least two");
        assertThatThrownBy(() -> merge(Rule.TIES, List.of("north", "both"), 1))
                .hasMessageContaining("'both' cannot be merged into itself");
        assertThatThrownBy(() -> merge(Rule.TIES, List.of("north", "../south"), 1))
                .hasMessageContaining("of: a name has");
    }

    @Test
    void a_model_whose_text_is_withdrawn_leaves_the_merge_stuck_and_says_why() {
        run(merge(Rule.MEAN, List.of("north", "south"), -1e6));
        Withdrawal withdrawal = workshop.withdrawals(NodeProgress.silent(), new StopSignal());
        WithdrawalResult result =
                withdrawal.run(
                        lineage("south").stages().getFirst().order().texts().getFirst().content(),
                        "gone");
        assertThat(result.models())
                .extracting(WithdrawalResult.Affected::name)
                .containsExactly("south", "both");
        assertThat(result.models().getLast().detail()).contains("[south]");
    }
}
