package dev.tapestry.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.consortium.LocalTraining;
import dev.tapestry.corpus.PermittedUse;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.access.MemberCorpus;
import dev.tapestry.node.access.OpenText;
import dev.tapestry.node.build.BuildPlan;
import dev.tapestry.node.build.Lineage;
import dev.tapestry.node.build.ModelRegistry;
import dev.tapestry.node.build.SovereignBuild;
import dev.tapestry.node.build.SovereignModel;
import dev.tapestry.node.build.StageTraining;
import dev.tapestry.node.build.TrainingPlans;
import dev.tapestry.training.Trainer;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.gguf.Quantisation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SovereignBuildTest {

    @TempDir Path directory;

    @Test
    void a_member_makes_a_model_of_its_own_that_is_better_at_home_and_sends_nothing()
            throws IOException {
        try (Stage stage = new Stage(directory).joined();
                Node node = stage.node()) {
            Path base = stage.base("base", 1);
            int before = stage.coordinator.requests.size();
            SovereignModel model = node.builds().build(plan(stage, base, 12));
            assertThat(model.bitsPerByte()).isLessThan(model.baseBitsPerByte());
            assertThat(model.tokens()).isEqualTo(12 * 4 * 16);
            try (ModelDirectory written = ModelDirectory.open(model.directory())) {
                assertThat(written.tensors()).isNotEmpty();
            }
            assertThat(model.directory().resolve("weights.gguf")).isNotEmptyFile();
            assertThat(model.directory().resolve("tokenizer.json")).isNotEmptyFile();
            assertThat(model.directory().resolve("README.md"))
                    .content()
                    .contains(model.base().hex(), "CC0-1.0", "helsinki", "768");
            assertThat(stage.coordinator.requests).hasSize(before);
            assertThat(node.traffic().up()).isZero();
        }
    }

    @Test
    void a_card_that_does_not_permit_private_training_stops_the_build() throws IOException {
        try (Stage stage = new Stage(directory).joined();
                Node node = stage.node()) {
            Path base = stage.base("base", 1);
            Files.writeString(
                    stage.corpus.resolve("card.yaml"), Stage.CARD.replace("private-cpt, ", ""));
            assertThatThrownBy(() -> node.builds().build(plan(stage, base, 2)))
                    .isInstanceOfSatisfying(
                            NodeException.class, e -> assertThat(e.code()).isEqualTo(Code.POLICY));
        }
    }

    private static BuildPlan plan(Stage stage, Path base, int steps) {
        return BuildPlan.pretraining(
                "tales",
                base,
                stage.corpus,
                steps * 4L * 16,
                StageTraining.full(0.01, LocalTraining.Optimizer.MUON, 4, 16).scored(1),
                1,
                300,
                Quantisation.F16);
    }

    @Test
    void a_new_model_takes_the_place_of_an_older_one_and_leaves_nothing_beside_it()
            throws IOException {
        try (Stage stage = new Stage(directory).joined();
                Node node = stage.node()) {
            Path base = stage.base("base", 1);
            SovereignModel first = node.builds().build(plan(stage, base, 1));
            SovereignModel second = node.builds().build(plan(stage, base, 2));
            assertThat(second.digest()).isNotEqualTo(first.digest());
            assertThat(SovereignBuild.digest(second.directory())).isEqualTo(second.digest());
            try (Stream<Path> models = Files.list(stage.home.sovereign())) {
                assertThat(models).containsExactly(second.directory());
            }
        }
    }

    @Test
    void scored_once_it_learns_as_a_plain_trainer_does_from_what_the_node_does_not_hold_out()
            throws IOException {
        try (Stage stage = new Stage(directory).joined();
                Node node = stage.node()) {
            Path base = stage.base("base", 1);
            SovereignModel model = node.builds().build(plan(stage, base, 12));
            Path plain = directory.resolve("plain");
            LocalTraining training =
                    new LocalTraining(
                            12,
                            LocalTraining.Optimizer.MUON,
                            0.01,
                            0.1,
                            LocalTraining.Schedule.COSINE,
                            12 * 64 / 50,
                            12 * 64,
                            4,
                            16,
                            0.01,
                            1,
                            1);
            try (OpenText text =
                            new MemberCorpus(stage.home, stage.config())
                                    .open(base, PermittedUse.PRIVATE_CPT);
                    ModelDirectory from = ModelDirectory.open(base);
                    Trainer trainer =
                            Trainer.begin(
                                    from,
                                    TrainingPlans.of(training, stage.config().compute()),
                                    text.train())) {
                for (int step = 0; step < 12; step++) {
                    trainer.step();
                }
                trainer.exportLike(from, plain);
                Lineage lineage = new ModelRegistry(stage.home).named("tales").orElseThrow();
                assertThat(lineage.stages().getFirst().order().texts().getFirst().content())
                        .isEqualTo(text.trainDigest());
            }
            assertThat(model.digest()).isEqualTo(SovereignBuild.digest(plain));
            assertThat(BuildPlan.read(stage.home.builds().resolve("plans/tales.yaml")))
                    .isEqualTo(plan(stage, base, 12));
        }
    }

    @Test
    void a_node_killed_between_two_renames_puts_the_older_model_back() throws IOException {
        try (Stage stage = new Stage(directory).joined()) {
            model(stage.home.sovereign(".tales.old"), "older");
            model(stage.home.sovereign(".tales.draft"), "newer");
            stage.node().close();
            assertThat(stage.home.sovereign("tales").resolve("README.md")).hasContent("older");
            assertThat(stage.home.sovereign(".tales.old")).doesNotExist();
            assertThat(stage.home.sovereign(".tales.draft")).doesNotExist();
        }
    }

    @Test
    void a_node_killed_before_the_older_model_was_deleted_deletes_it() throws IOException {
        try (Stage stage = new Stage(directory).joined()) {
            model(stage.home.sovereign(".tales.old"), "older");
            model(stage.home.sovereign("tales"), "newer");
            stage.node().close();
            assertThat(stage.home.sovereign("tales").resolve("README.md")).hasContent("newer");
            assertThat(stage.home.sovereign(".tales.old")).doesNotExist();
        }
    }

    private static void model(Path directory, String text) throws IOException {
        Files.writeString(Files.createDirectories(directory).resolve("README.md"), text);
    }
}
