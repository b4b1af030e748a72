package dev.tapestry.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.build.BuildOrder;
import dev.tapestry.node.build.SovereignModel;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.gguf.Quantisation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
            SovereignModel model =
                    node.builds()
                            .build(
                                    new BuildOrder(
                                            "tales",
                                            base,
                                            Stage.training(12),
                                            300,
                                            Quantisation.F16));
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
            assertThatThrownBy(() ->
                            node.builds()
                                    .build(
                                            new BuildOrder(
                                                    "tales",
                                                    base,
                                                    Stage.training(2),
                                                    300,
                                                    Quantisation.F16)))
                    .isInstanceOfSatisfying(
                            NodeException.class, e -> assertThat(e.code()).isEqualTo(Code.POLICY));
        }
    }
}
