package dev.tapestry.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.consortium.Digest;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.build.BuildResult;
import dev.tapestry.node.build.Lineage;
import dev.tapestry.node.build.ModelRegistry;
import dev.tapestry.node.build.Withdrawal;
import dev.tapestry.node.build.WithdrawalResult;
import dev.tapestry.node.build.WithdrawalResult.Affected;
import dev.tapestry.node.build.WithdrawalResult.State;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Data is taken back, and every model that descends from it is made again without it. */
class WithdrawalTest {

    private static final String REASON = "consent was withdrawn";

    @TempDir Path directory;
    private Workshop workshop = new Workshop(Path.of(""));
    private NodeHome home;

    @BeforeEach
    void lay() throws IOException {
        workshop = Workshop.laid(directory);
        home = workshop.home();
        workshop.corpus(
                "letters",
                Stage.CARD.replace("Tales", "Letters"),
                "letters.txt",
                Stage.tales(200).replace("fox", "elk"));
    }

    private Path plan(String name, String base, String... stages) throws IOException {
        return Files.writeString(
                directory.resolve(name + ".yaml"),
                """
                name: %s
                base: %s
                stages:
                %s
                evaluation: {own: corpus, retention: open, tokens: 300, sequence: 16}
                """
                        .formatted(name, base, String.join("\n", stages)));
    }

    private static String learn(String corpus) {
        return "  - {type: pretrain, corpus: %s, tokens: 320, training: {learning-rate: 0.01, batch: 4, sequence: 16}}"
                .formatted(corpus);
    }

    private Withdrawal withdrawals(NodeProgress progress, StopSignal stop) {
        return workshop.withdrawals(progress, stop);
    }

    private WithdrawalResult withdraw(Digest data) {
        return withdrawals(NodeProgress.silent(), new StopSignal()).run(data, REASON);
    }

    private Lineage lineage(String name) {
        return new ModelRegistry(home).named(name).orElseThrow();
    }

    private static Digest content(Lineage lineage, int stage) {
        return lineage.stages().get(stage).order().texts().getFirst().content();
    }

    @Test
    void a_parent_and_its_child_are_made_again_without_the_text_and_the_others_stay()
            throws IOException {
        workshop.run(plan("child-of-nothing", "base", learn("corpus")));
        workshop.run(plan("parent", "base", learn("corpus"), learn("letters")));
        workshop.run(plan("child", "model:parent", learn("open")));
        Lineage parent = lineage("parent");
        Lineage child = lineage("child");
        assertThat(child.parent()).isEqualTo(parent.model());
        Lineage other = lineage("child-of-nothing");
        Digest letters = content(parent, 1);

        WithdrawalResult said =
                withdrawals(NodeProgress.silent(), new StopSignal()).preview(letters, REASON);
        assertThat(said.models()).extracting(Affected::name).containsExactly("parent", "child");
        assertThat(new ModelRegistry(home).withdrawn()).as("only looked at").isEmpty();

        WithdrawalResult result = withdraw(letters);
        assertThat(result.models()).extracting(Affected::name).containsExactly("parent", "child");
        assertThat(result.models()).extracting(Affected::state).containsOnly(State.REBUILT);
        assertThat(result.done()).isTrue();
        assertThat(result.models().getFirst().detail()).contains("without stage");
        assertThat(lineage("parent").stages()).hasSize(1);
        assertThat(lineage("parent").model())
                .as("what the plan without that stage gives")
                .isEqualTo(other.model());
        assertThat(lineage("child").parent()).isEqualTo(lineage("parent").model());
        assertThat(lineage("child").model()).isNotEqualTo(child.model());
        assertThat(lineage("child-of-nothing")).isEqualTo(other);
        assertThat(home.builds().resolve("replaced"))
                .satisfiesAnyOf(
                        folder -> assertThat(folder).doesNotExist(),
                        folder -> assertThat(folder).isEmptyDirectory());

        WithdrawalResult again = withdraw(letters);
        assertThat(again.done()).isTrue();
        assertThat(again.data()).isEqualTo(result.data());
        assertThatThrownBy(() -> workshop.run(directory.resolve("parent.yaml")))
                .isInstanceOfSatisfying(
                        NodeException.class,
                        e -> {
                            assertThat(e.code()).isEqualTo(Code.POLICY);
                            assertThat(e).hasMessageContaining(REASON);
                        });
    }

    @Test
    void a_withdrawal_that_is_stopped_goes_on_where_it_was() throws IOException {
        workshop.run(plan("parent", "base", learn("corpus"), learn("letters")));
        workshop.run(plan("child", "model:parent", learn("open")));
        Lineage old = lineage("child");
        Digest letters = content(lineage("parent"), 1);
        StopSignal stop = new StopSignal();
        int[] builds = {0};
        assertThatThrownBy(() ->
                        withdrawals(
                                        update -> {
                                            if (update instanceof NodeUpdate.Stepped
                                                    && lineage("parent").stages().size() == 1
                                                    && builds[0]++ == 1) {
                                                stop.request();
                                            }
                                        },
                                        stop)
                                .run(letters, REASON))
                .isInstanceOfSatisfying(
                        NodeException.class, e -> assertThat(e.code()).isEqualTo(Code.STOPPED));
        assertThat(lineage("child"))
                .as("the old one stays until the new one is whole")
                .isEqualTo(old);
        assertThat(lineage("parent").stages()).as("the new one is whole").hasSize(1);
        WithdrawalResult result = withdraw(letters);
        assertThat(result.models()).extracting(Affected::state).containsOnly(State.REBUILT);
        assertThat(lineage("child").parent()).isEqualTo(lineage("parent").model());
    }

    @Test
    void of_a_plan_of_one_text_nothing_is_left_and_its_child_is_stuck() throws IOException {
        workshop.run(plan("only", "base", learn("letters")));
        workshop.run(plan("child", "model:only", learn("open")));
        Lineage only = lineage("only");
        WithdrawalResult result = withdraw(content(only, 0));
        assertThat(result.models())
                .extracting(Affected::state)
                .containsExactly(State.EMPTY, State.STUCK);
        assertThat(result.done()).isFalse();
        assertThat(lineage("only")).as("deleting it is the member's").isEqualTo(only);
        assertThatThrownBy(() -> workshop.run(plan("next", "model:only", learn("open"))))
                .hasMessageContaining("descends from data that was withdrawn");
    }

    @Test
    void of_a_base_that_is_another_one_now_nothing_is_built_again() throws IOException {
        workshop.run(plan("model", "base", learn("corpus"), learn("letters")));
        Lineage model = lineage("model");
        Files.move(directory.resolve("base"), directory.resolve("was"));
        Stage.base(directory.resolve("base"), 2, 16);
        WithdrawalResult result = withdraw(content(model, 1));
        assertThat(result.models().getFirst().state()).isEqualTo(State.STUCK);
        assertThat(result.models().getFirst().detail()).contains("is another one");
        assertThat(lineage("model")).isEqualTo(model);
    }

    @Test
    void replay_of_the_text_is_left_out_and_the_stage_stays() throws IOException {
        BuildResult built =
                workshop.run(
                        plan(
                                "mixed",
                                "base",
                                learn("corpus")
                                        .replace(
                                                "tokens: 320",
                                                "tokens: 320, replay: {corpus: letters, share: 0.5}")));
        assertThat(built.model()).isPresent();
        Digest replayed = lineage("mixed").stages().getFirst().order().texts().getLast().content();
        WithdrawalResult result = withdraw(replayed);
        assertThat(result.models().getFirst().state()).isEqualTo(State.REBUILT);
        assertThat(result.models().getFirst().detail()).contains("without replay");
        assertThat(lineage("mixed").stages().getFirst().order().texts()).hasSize(2);
    }

    @Test
    void a_source_of_a_prepared_text_is_left_out_of_its_preparation() throws IOException {
        Files.writeString(
                directory.resolve("data.yaml"),
                """
                name: Both
                purposes: [private-cpt, evaluation]
                sources: [{path: corpus}, {path: letters}]
                steps: {language: {enabled: false}, quality: {enabled: false}, near-duplicates: {enabled: false}}
                """);
        Path plan = plan("both", "base", learn("prepared:both"), learn("open"));
        Files.writeString(
                plan,
                Files.readString(plan)
                        .replace("stages:", "data: [{name: both, plan: data.yaml}]\nstages:"));
        workshop.run(plan);
        Lineage.Source letters =
                lineage("both").sources().orElseThrow().stream()
                        .filter(source -> source.name().equals("letters"))
                        .findFirst()
                        .orElseThrow();
        WithdrawalResult result = withdraw(letters.card());
        assertThat(result.models().getFirst().state())
                .as(result.models().getFirst().detail())
                .isEqualTo(State.REBUILT);
        assertThat(lineage("both").sources().orElseThrow())
                .extracting(Lineage.Source::name)
                .containsExactly("corpus");
        assertThat(home.builds().resolve("prepared")).doesNotExist();
        try (Stream<Path> stages = Files.list(home.builds().resolve("stages"))) {
            assertThat(stages).as("also the first of the old ones is gone").hasSize(2);
        }
        assertThatThrownBy(() -> workshop.run(plan)).hasMessageContaining(REASON);
    }
}
