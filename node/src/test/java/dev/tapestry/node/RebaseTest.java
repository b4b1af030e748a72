package dev.tapestry.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.consortium.Digest;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.build.BuildResult;
import dev.tapestry.node.build.Lineage;
import dev.tapestry.node.build.MergePlan;
import dev.tapestry.node.build.ModelRegistry;
import dev.tapestry.node.build.RebasePlan;
import dev.tapestry.node.build.RebaseResult;
import dev.tapestry.node.build.SovereignBuild;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model follows its base, and everything remembers where it comes from. */
class RebaseTest {

    @TempDir Path directory;
    private Workshop workshop = new Workshop(Path.of(""));
    private NodeHome home;
    private Path derivative;
    private Path newer;

    @BeforeEach
    void build() throws IOException {
        workshop = Workshop.laid(directory);
        home = workshop.home();
        newer = run(plan("newer", "base", "open", 1280)).model().orElseThrow();
        derivative = run(plan("tales", "base", "corpus", 640)).model().orElseThrow();
    }

    private Path plan(String name, String base, String corpus, int tokens) throws IOException {
        return Files.writeString(
                directory.resolve(name + ".yaml"),
                """
                name: %s
                base: %s
                stages:
                  - {type: pretrain, corpus: %s, tokens: %d, training: {learning-rate: 0.01, batch: 4, sequence: 16}}
                evaluation: {own: corpus, retention: open, tokens: 400, sequence: 16}
                """
                        .formatted(name, base, corpus, tokens));
    }

    private BuildResult run(Path plan) {
        return workshop.run(plan);
    }

    private RebaseResult rebase(Path plan, Path onto, RebasePlan how) {
        return workshop.rebases().run(plan, onto, how);
    }

    private RebaseResult rebase(RebasePlan how) {
        return rebase(directory.resolve("tales.yaml"), newer, how);
    }

    @Test
    void the_best_of_several_scales_that_passes_takes_the_models_name() {
        Digest before = SovereignBuild.digest(derivative);
        RebaseResult result = rebase(new RebasePlan(List.of(0.5, 1.0), 50, 100, 0, false));
        assertThat(result.tried()).extracting(RebaseResult.Trial::scale).containsExactly(0.5, 1.0);
        assertThat(result.conflicts()).hasSizeGreaterThan(5);
        assertThat(result.conflicts()).allMatch(c -> Math.abs(c.cosine()) <= 1.000001);
        RebaseResult.Trial accepted = result.accepted().orElseThrow();
        assertThat(result.tried()).allMatch(trial -> trial.loss().own() >= accepted.loss().own());
        assertThat(accepted.loss().own()).isLessThan(result.newer().own());
        Path model = result.model().orElseThrow();
        assertThat(model).isEqualTo(derivative);
        assertThat(SovereignBuild.digest(model)).isNotEqualTo(before);
        assertThat(home.builds().resolve("rebase")).isEmptyDirectory();
        Lineage lineage = new ModelRegistry(home).find(SovereignBuild.digest(model)).orElseThrow();
        assertThat(lineage.way())
                .isEqualTo(
                        new Lineage.Way.Rebased(
                                before,
                                SovereignBuild.digest(directory.resolve("base")),
                                accepted.scale(),
                                0));
    }

    @Test
    void where_no_scale_passes_it_is_healed_and_where_that_does_not_pass_built_again() {
        RebaseResult result = rebase(new RebasePlan(List.of(0.1), 1000, 100, 0.2, true));
        assertThat(result.tried())
                .extracting(RebaseResult.Trial::way)
                .containsExactly("λ = 0.1", "λ = 0.1, healed", "the plan again");
        assertThat(result.tried())
                .extracting(RebaseResult.Trial::tokens)
                .containsExactly(0L, 128L, 640L);
        assertThat(result.accepted()).isEmpty();
        assertThat(result.model()).isEmpty();
        Digest here = SovereignBuild.digest(derivative);
        assertThat(new ModelRegistry(home).find(here).orElseThrow().way())
                .as("the old model stays")
                .isEqualTo(new Lineage.Way.Trained());

        double least =
                (result.tried().getFirst().keptPercent() + result.tried().getLast().keptPercent())
                        / 2;
        assertThat(least).isGreaterThan(result.tried().getFirst().keptPercent());
        RebaseResult again = rebase(new RebasePlan(List.of(0.1), least, 100, 0, true));
        assertThat(again.accepted().orElseThrow().way()).isEqualTo("the plan again");
        assertThat(SovereignBuild.digest(derivative)).isNotEqualTo(here);
    }

    @Test
    void a_data_set_names_every_model_that_descends_from_it() throws IOException {
        ModelRegistry registry = new ModelRegistry(home);
        Lineage parent = registry.find(SovereignBuild.digest(derivative)).orElseThrow();
        Digest text = parent.stages().getFirst().order().texts().getFirst().content();
        run(plan("child", "home/sovereign/tales", "open", 64));
        assertThat(registry.descendants(text))
                .extracting(Lineage::name)
                .containsExactlyInAnyOrder("tales", "child");
        assertThat(registry.descendants(parent.model()))
                .extracting(Lineage::name)
                .containsExactly("child");
        assertThat(registry.descendants(Digest.of(new byte[] {1}))).isEmpty();
    }

    @Test
    void a_model_that_was_not_made_of_the_plans_base_is_not_moved() throws IOException {
        Path other = plan("tales", "other", "corpus", 640);
        Stage.base(directory.resolve("other"), 2, 16);
        refused(other, newer, "which is another one");
        refused(plan("unknown", "base", "corpus", 640), newer, "no model directory");
    }

    @Test
    void children_follow_their_parent_and_know_the_base_that_it_was() throws IOException {
        run(plan("child", "model:tales", "open", 320));
        run(plan("grandchild", "model:child", "corpus", 64));
        ModelRegistry registry = new ModelRegistry(home);
        Digest old = registry.named("child").orElseThrow().model();
        RebasePlan how = new RebasePlan(List.of(1.0), -1e9, 1e9, 0, false);
        RebaseResult parent = rebase(how);
        assertThat(workshop.rebases().children(parent)).containsExactly("child");
        assertThat(home.builds().resolve("replaced").resolve(parent.was().hex())).exists();

        assertThat(workshop.rebases().moveChildren(parent, how).keySet())
                .containsExactly("child", "grandchild");
        Lineage child = registry.named("child").orElseThrow();
        assertThat(child.parent()).isEqualTo(registry.named("tales").orElseThrow().model());
        assertThat(child.way())
                .isInstanceOfSatisfying(
                        Lineage.Way.Rebased.class,
                        way -> {
                            assertThat(way.derivative()).isEqualTo(old);
                            assertThat(way.from()).isEqualTo(parent.was());
                        });
        assertThat(registry.named("grandchild").orElseThrow().parent()).isEqualTo(child.model());
        assertThat(home.builds().resolve("replaced")).isEmptyDirectory();
    }

    @Test
    void what_was_merged_of_its_children_is_not_moved_with_them() throws IOException {
        run(plan("child", "model:tales", "open", 320));
        run(plan("other", "model:tales", "corpus", 320));
        workshop.merging()
                .run(
                        new MergePlan(
                                "joined",
                                List.of("child", "other"),
                                MergePlan.Rule.MEAN,
                                List.of(1.0, 1.0),
                                List.of(1.0),
                                List.of(1.0),
                                1,
                                -1e9,
                                1e9));
        Lineage joined = new ModelRegistry(home).named("joined").orElseThrow();
        RebasePlan how = new RebasePlan(List.of(1.0), -1e9, 1e9, 0, false);
        RebaseResult parent = rebase(how);
        assertThat(workshop.rebases().merged(parent)).containsExactly("joined");
        assertThat(workshop.rebases().moveChildren(parent, how).keySet())
                .containsExactlyInAnyOrder("child", "other");
        assertThat(new ModelRegistry(home).named("joined")).contains(joined);
    }

    @Test
    void a_base_with_another_tokenizer_is_refused() throws IOException {
        Path strange = Stage.base(directory.resolve("strange"), 1, 16);
        Files.writeString(
                strange.resolve("tokenizer.json"),
                Files.readString(strange.resolve("tokenizer.json")) + "\n");
        refused(directory.resolve("tales.yaml"), strange, "another tokenizer");
    }

    private void refused(Path plan, Path onto, String words) {
        assertThatThrownBy(() -> rebase(plan, onto, RebasePlan.standard()))
                .isInstanceOfSatisfying(
                        NodeException.class,
                        e -> {
                            assertThat(e.code()).isEqualTo(Code.WRONG_MODEL);
                            assertThat(e).hasMessageContaining(words);
                        });
    }
}
