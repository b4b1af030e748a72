package dev.tapestry.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.protocol.RoundView;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What keeps a node from taking part in a round: it says so, and goes on once it is mended. */
class HindranceTest {

    @TempDir Path directory;
    private Stage stage;
    private Onlooker onlooker;

    @BeforeEach
    void setUp() throws IOException {
        stage = new Stage(directory).joined();
        onlooker = new Onlooker(stage);
    }

    @AfterEach
    void tearDown() {
        stage.close();
    }

    @Test
    void a_node_without_a_card_does_not_train_and_says_why() throws IOException {
        Files.delete(stage.corpus.resolve("card.yaml"));
        onlooker.hinderedBy("POLICY", "CARD_MISSING");
    }

    @Test
    void a_node_whose_card_does_not_permit_contributed_training_does_not_train_and_says_why()
            throws IOException {
        Files.writeString(
                stage.corpus.resolve("card.yaml"), Stage.CARD.replace("contributed-cpt, ", ""));
        onlooker.hinderedBy("POLICY", "USE_NOT_PERMITTED");
    }

    @Test
    void a_card_that_is_mended_in_the_course_of_a_round_lets_the_node_take_part()
            throws IOException {
        Path card = stage.corpus.resolve("card.yaml");
        Files.writeString(card, Stage.CARD.replace("contributed-cpt, ", ""));
        onlooker.announced();
        onlooker.goesOnOnce(
                "POLICY", "USE_NOT_PERMITTED", () -> Files.writeString(card, Stage.CARD));
    }

    @Test
    void a_base_whose_tokenizer_cannot_be_read_is_declined() throws IOException {
        Path base = stage.base("base", 1);
        String config = Files.readString(base.resolve("config.json"));
        Files.writeString(
                base.resolve("tokenizer.json"), "{\"model\":{\"type\":\"Unigram\",\"vocab\":[]}}");
        assertThat(config).contains("vocab_size");
        Digest digest = stage.coordinator.adopt(base);
        stage.coordinator.announce(Stage.plan(1, digest), 1);
        onlooker.declinesWith("WRONG_MODEL", "tokenizer");
    }

    @Test
    void a_view_that_lacks_what_its_phase_needs_is_declined() throws IOException {
        onlooker.announced();
        stage.coordinator.views =
                view ->
                        new RoundView(
                                view.version(),
                                view.phase(),
                                view.plan(),
                                Optional.empty(),
                                view.candidate(),
                                view.figures(),
                                view.base(),
                                view.awaited(),
                                view.deadline(),
                                view.roundsPublished(),
                                view.roundsPlanned(),
                                view.ending(),
                                view.reason(),
                                List.of());
        onlooker.hinderedBy("MALFORMED_REPLY", "without its digest");
    }

    @Test
    void a_note_that_cannot_be_written_is_written_once_the_disk_takes_it() throws IOException {
        onlooker.announced();
        Files.writeString(stage.home.scores(), "not a folder");
        onlooker.goesOnOnce("STORAGE", "scores", () -> Files.delete(stage.home.scores()));
    }

    @Test
    void a_disk_that_takes_no_pack_is_no_policy_and_the_round_goes_on_once_it_does()
            throws IOException {
        onlooker.announced();
        Files.writeString(stage.home.tokens(), "not a folder");
        onlooker.goesOnOnce("STORAGE", "tokens", () -> Files.delete(stage.home.tokens()));
    }
}
