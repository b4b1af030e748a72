package dev.tapestry.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.Digest;
import dev.tapestry.corpus.PermittedUse;
import dev.tapestry.node.access.MemberCorpus;
import dev.tapestry.weights.Drafts;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LeftoversTest {

    @TempDir Path directory;
    private Stage stage;

    @BeforeEach
    void setUp() throws IOException {
        stage = new Stage(directory).joined();
    }

    @AfterEach
    void tearDown() {
        stage.close();
    }

    @Test
    void what_a_killed_node_left_is_gone_when_it_starts_again_and_the_rest_is_there()
            throws IOException {
        Digest digest = Digest.of("a model".getBytes(StandardCharsets.UTF_8));
        List<Path> left =
                List.of(
                        Drafts.beside(stage.home.trainer().resolve("after-round-1.safetensors")),
                        Drafts.beside(stage.home.outbox().resolve("round-1/weights")),
                        stage.home.models().resolve("." + digest.hex() + ".old"),
                        stage.home.sovereign(".tales.draft"),
                        stage.home.tokens().resolve("0123456789abcdef"));
        List<Path> kept =
                List.of(
                        stage.home.models().resolve("." + digest.hex() + ".partial"),
                        stage.home.outbox().resolve("round-1/weights"),
                        stage.home.sovereign("tales"));
        for (Path folder : Stream.concat(left.stream(), kept.stream()).toList()) {
            Files.writeString(Files.createDirectories(folder).resolve("file"), "half");
        }
        stage.node().close();
        assertThat(left).allSatisfy(path -> assertThat(path).doesNotExist());
        assertThat(kept).allSatisfy(path -> assertThat(path.resolve("file")).exists());
    }

    @Test
    void a_pack_stays_while_a_model_with_its_tokenizer_does() throws IOException {
        Files.createDirectories(stage.home.models());
        Path model = stage.base("node/models/" + "0".repeat(64), 1);
        Path pack = pack(model);
        Path part = Files.writeString(pack.resolve(".train.tokens1.part"), "half");
        stage.node().close();
        assertThat(pack).exists();
        assertThat(part).doesNotExist();
        Files.delete(model.resolve("tokenizer.json"));
        stage.node().close();
        assertThat(pack).doesNotExist();
    }

    @Test
    void a_text_that_has_changed_is_packed_in_the_place_of_the_old_one() throws IOException {
        Path model = stage.base("base", 1);
        Path first = pack(model);
        Files.writeString(stage.corpus.resolve("tales.txt"), Stage.tales(300));
        Path second = pack(model);
        assertThat(second).isNotEqualTo(first);
        assertThat(first).doesNotExist();
    }

    /** Packs the corpus for a model and says where; there is one pack only. */
    private Path pack(Path model) throws IOException {
        new MemberCorpus(stage.home, stage.config())
                .open(model, PermittedUse.CONTRIBUTED_CPT)
                .close();
        try (Stream<Path> packs = Files.list(stage.home.tokens())) {
            List<Path> all = packs.toList();
            assertThat(all).hasSize(1);
            return all.getFirst();
        }
    }
}
