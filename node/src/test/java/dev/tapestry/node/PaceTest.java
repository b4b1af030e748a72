package dev.tapestry.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.ContributionManifest;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.Pace;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.node.NodeUpdate.Stepped;
import dev.tapestry.node.round.NodeAgent.Until;
import dev.tapestry.node.trainer.StepBook;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Rounds in which each member does as many steps as it can in the same time. */
@Timeout(120)
class PaceTest {

    private static final Digest BASE = Digest.of(new byte[] {1});

    @TempDir Path directory;

    @Test
    void a_node_measures_itself_in_its_first_round_and_then_does_what_fits() throws IOException {
        try (Stage stage = new Stage(directory).joined()) {
            stage.coordinator.adopt(stage.base("base", 1));
            Pace hours = new Pace(Duration.ofHours(5), 1);
            takePart(stage, 1, hours);
            takePart(stage, 2, hours);
            takePart(stage, 3, new Pace(Duration.ofMillis(1), 2));

            List<ContributionManifest> sent = stage.coordinator.contributions;
            assertThat(sent).extracting(ContributionManifest::steps).containsExactly(1, 3, 2);
            assertThat(sent)
                    .extracting(ContributionManifest::tokens)
                    .containsExactly(64L, 192L, 128L);
        }
    }

    private static RoundPlan plan(int round, int leastSteps) {
        Pace pace = new Pace(Duration.ofSeconds(10), leastSteps);
        return Stage.plan(Stage.RUN.at(pace), round, BASE);
    }

    @Test
    void steps_follow_the_measured_speed_within_what_the_plan_allows() {
        StepBook book = new StepBook(directory);
        RoundPlan plan = plan(1, 1);

        assertThat(book.steps(new RoundNumber(1), plan)).as("not measured yet").isEqualTo(1);
        book.on(stepped(1, 3, 1000)); // in the middle of a round
        assertThat(book.steps(new RoundNumber(2), plan)).isEqualTo(1);
        book.on(stepped(3, 3, 13)); // a step of 64 tokens takes about 5 seconds
        assertThat(book.steps(new RoundNumber(3), plan)).isEqualTo(2);
        book.on(stepped(3, 3, 1000));
        assertThat(book.steps(new RoundNumber(4), plan)).isEqualTo(3);
        book.on(stepped(3, 3, 0.1));
        assertThat(book.steps(new RoundNumber(5), plan)).isEqualTo(1);
        assertThat(book.steps(new RoundNumber(5), plan(1, 2)))
                .as("decided by a plan that asked for less")
                .isEqualTo(2);
        assertThat(book.steps(new RoundNumber(6), Stage.plan(6, BASE)))
                .as("without a pace")
                .isEqualTo(3);
    }

    @Test
    void what_was_decided_for_a_round_stays_when_the_node_is_started_again() throws IOException {
        RoundPlan plan = plan(2, 1);
        StepBook book = new StepBook(directory);
        book.on(stepped(3, 3, 13));
        assertThat(book.steps(new RoundNumber(2), plan)).isEqualTo(2);
        book.on(stepped(3, 3, 1000)); // measured since, as after training ahead

        assertThat(new StepBook(directory).steps(new RoundNumber(2), plan)).isEqualTo(2);
        assertThat(new StepBook(directory).steps(new RoundNumber(3), plan)).isEqualTo(3);

        Files.writeString(directory.resolve("pace.json"), "{");
        assertThat(new StepBook(directory).steps(new RoundNumber(4), plan))
                .as("a damaged note is forgotten")
                .isEqualTo(1);
    }

    private static void takePart(Stage stage, int round, Pace pace) {
        Digest base = stage.coordinator.view().base().orElseThrow();
        stage.coordinator.announce(
                Stage.plan(Stage.RUN.at(pace), round, base),
                stage.coordinator.view().roundsPublished() + 1);
        try (Node node = stage.node()) {
            node.agent().run(Until.noRun());
        }
    }

    private static Stepped stepped(int step, int steps, double tokensPerSecond) {
        return new Stepped(Instant.EPOCH, 1, step, steps, 64L * step, 2, tokensPerSecond);
    }
}
