package dev.tapestry.node.box;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A box into which somebody else writes while it is looked at. */
final class DropBoxTest {

    @TempDir Path folder;

    @Test
    void results_that_are_being_replaced_are_no_results() throws IOException {
        DropBox box = new DropBox(folder);
        Files.writeString(folder.resolve("job.json"), "{}");
        Files.writeString(folder.resolve("done.json"), "{}");
        Path weights = folder.resolve("model.safetensors");
        Files.writeString(weights, "weights");
        assertThat(box.results().stamp()).hasSize(3);
        Files.delete(weights);
        Files.createSymbolicLink(weights, folder.resolve("not-there-yet"));
        assertThat(box.results().stamp()).isEmpty();
    }

    @Test
    void what_says_that_results_are_whole_goes_with_them() throws IOException {
        DropBox box = new DropBox(folder);
        for (String name : new String[] {"done.json", "results.sha256", "model.safetensors"}) {
            Files.writeString(folder.resolve(name), "{}");
        }
        box.results().drop();
        assertThat(box.isDone()).isFalse();
        try (var left = Files.list(folder)) {
            assertThat(left).containsExactly(folder.resolve("state"));
        }
    }

    @Test
    void a_disk_that_takes_no_answer_is_told_as_such() throws IOException {
        DropBox box = new DropBox(Files.writeString(folder.resolve("no-folder"), ""));
        BoxAnswer answer =
                new BoxAnswer(new RoundNumber(1), BoxAnswer.Work.SCORE, true, Optional.empty(), "");
        assertThatThrownBy(() -> box.answer(answer))
                .isInstanceOfSatisfying(
                        NodeException.class, e -> assertThat(e.code()).isEqualTo(Code.STORAGE));
    }
}
