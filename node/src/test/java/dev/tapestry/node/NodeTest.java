package dev.tapestry.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.node.NodeException.Code;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Opening a node. */
final class NodeTest {

    @TempDir Path directory;

    /** As a node does that follows its coordinator: it is opened again in the same process. */
    @Test
    void a_node_that_could_not_be_opened_leaves_its_directory_to_the_next_try() throws IOException {
        try (Stage stage = new Stage(directory).joined()) {
            Path undecided = Files.createFile(stage.home.nextSigningKey());
            assertThatThrownBy(stage::node)
                    .isInstanceOfSatisfying(
                            NodeException.class,
                            e -> assertThat(e.code()).isEqualTo(Code.KEY_UNDECIDED));
            Files.delete(undecided);
            try (Node node = stage.node()) {
                assertThat(node.traffic()).isNotNull();
            }
        }
    }
}
