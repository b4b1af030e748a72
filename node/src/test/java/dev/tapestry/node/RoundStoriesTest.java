package dev.tapestry.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.RunPlan;
import dev.tapestry.consortium.protocol.Activity;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.node.FaultyExchange.Fault;
import dev.tapestry.node.NodeEvent.Decision;
import dev.tapestry.node.NodeEvent.Receipt;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.build.SovereignBuild;
import dev.tapestry.node.egress.Traffic;
import dev.tapestry.node.round.NodeAgent.Until;
import dev.tapestry.training.Precision;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class RoundStoriesTest {

    private static final double FALSE_SCORE = 99.5;

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
    void a_node_trains_contributes_scores_and_believes_the_new_base_and_its_receipts_add_up()
            throws IOException {
        Digest base = onlooker.announced();
        try (Node node = stage.node()) {
            node.agent().run(Until.noRun());
            Traffic traffic = node.traffic();
            List<Receipt> receipts =
                    stage.events().stream()
                            .filter(Receipt.class::isInstance)
                            .map(Receipt.class::cast)
                            .toList();
            // The enrolment was another opening of the node; its receipt is the first.
            assertThat(receipts.stream().mapToLong(Receipt::bytesSent).sum())
                    .isEqualTo(stage.coordinator.bodyBytes())
                    .isEqualTo(traffic.up() + receipts.getFirst().bytesSent());
            assertThat(receipts.stream().mapToLong(Receipt::bytesReceived).sum())
                    .isEqualTo(traffic.down() + receipts.getFirst().bytesReceived());
        }
        assertThat(stage.coordinator.contributions)
                .singleElement()
                .satisfies(sent -> {
                    assertThat(sent.base()).isEqualTo(base);
                    assertThat(sent.steps()).isEqualTo(3);
                    assertThat(sent.tokens()).isEqualTo(3 * 4 * 16);
                    assertThat(sent.weights().files()).hasSize(1);
                });
        assertThat(stage.coordinator.scores)
                .singleElement()
                .satisfies(score -> {
                    assertThat(score.baseBitsPerByte()).isPositive();
                    assertThat(score.candidateBitsPerByte()).isLessThan(score.baseBitsPerByte());
                });
        assertThat(stage.updates).anyMatch(NodeUpdate.BaseBelieved.class::isInstance);
        assertThat(stage.home.metrics()).exists();
    }

    @Test
    void a_second_round_goes_on_with_the_optimiser_and_remembers_the_base_s_score()
            throws IOException {
        onlooker.announced();
        try (Node node = stage.node()) {
            node.agent().run(Until.noRun());
            Digest second = stage.coordinator.view().base().orElseThrow();
            stage.coordinator.announce(Stage.plan(2, second), 2);
            node.agent().run(Until.noRun());
        }
        assertThat(stage.coordinator.scores).hasSize(2);
        assertThat(stage.coordinator.scores.get(1).baseBitsPerByte())
                .isEqualTo(stage.coordinator.scores.get(0).candidateBitsPerByte());
        assertThat(stage.home.trainer().resolve("after-round-2.safetensors")).exists();
    }

    @Test
    void a_score_is_not_remembered_for_a_text_that_was_edited_or_for_another_precision()
            throws IOException {
        onlooker.announced();
        try (Node node = stage.node()) {
            node.agent().run(Until.noRun());
        }
        falsifyScores();
        Path text = stage.corpus.resolve("tales.txt");
        Files.setLastModifiedTime(text, FileTime.from(Instant.parse("2001-01-01T00:00:00Z")));
        try (Node node = stage.node()) {
            assertThat(nextBaseScore(node, 2)).isLessThan(FALSE_SCORE);
        }
        falsifyScores();
        try (Node node = stage.node(stage.config(Precision.BF16))) {
            assertThat(nextBaseScore(node, 3)).isLessThan(FALSE_SCORE);
        }
    }

    private void falsifyScores() throws IOException {
        try (Stream<Path> scores = Files.list(stage.home.scores())) {
            for (Path score : scores.toList()) {
                String known = Files.readString(score);
                assertThat(known).contains("\"bitsPerByte\":");
                Files.writeString(
                        score,
                        known.replaceAll(
                                "\"bitsPerByte\":[0-9.]+", "\"bitsPerByte\":" + FALSE_SCORE));
            }
        }
    }

    private double nextBaseScore(Node node, int round) {
        Digest base = stage.coordinator.view().base().orElseThrow();
        stage.coordinator.announce(Stage.plan(round, base), round);
        node.agent().run(Until.noRun());
        assertThat(stage.coordinator.scores).hasSize(round);
        return stage.coordinator.scores.getLast().baseBitsPerByte();
    }

    @Test
    void a_node_killed_after_training_sends_what_it_has_without_training_again()
            throws IOException {
        onlooker.announced();
        stage.coordinator.faults =
                (method, path) -> path.endsWith("/contributions") ? Fault.REVOKED : Fault.NONE;
        try (Node node = stage.node()) {
            assertThatThrownBy(() -> node.agent().run(Until.noRun()))
                    .hasMessageContaining("you left");
        }
        assertThat(onlooker.steps()).isEqualTo(3);

        stage.coordinator.faults = (method, path) -> Fault.NONE;
        try (Node again = stage.node()) {
            again.agent().run(Until.noRun());
        }
        assertThat(onlooker.steps()).isEqualTo(3);
        assertThat(stage.coordinator.scores).hasSize(1);
    }

    @Test
    void a_round_that_is_trained_again_gives_the_same_weights_bit_by_bit() throws IOException {
        onlooker.announced();
        try (Node node = stage.node()) {
            stage.coordinator.faults =
                    (method, path) -> path.endsWith("/contributions") ? Fault.REVOKED : Fault.NONE;
            assertThatThrownBy(() -> node.agent().run(Until.noRun()));
        }
        Path weights = directory.resolve("node/outbox/round-1/weights/model.safetensors");
        byte[] first = Files.readAllBytes(weights);
        Files.delete(directory.resolve("node/outbox/round-1/contribution.json"));
        stage.coordinator.faults = (method, path) -> Fault.NONE;
        try (Node again = stage.node()) {
            again.agent().run(Until.noRun());
        }
        assertThat(onlooker.steps()).isEqualTo(6);
        assertThat(Files.readAllBytes(weights)).isEqualTo(first);
    }

    @Test
    void a_signed_contribution_that_the_disk_damaged_is_made_again_and_is_the_same()
            throws IOException {
        onlooker.announced();
        stage.coordinator.faults =
                (method, path) -> path.endsWith("/contributions") ? Fault.REVOKED : Fault.NONE;
        try (Node node = stage.node()) {
            assertThatThrownBy(() -> node.agent().run(Until.noRun()));
        }
        Path weights = directory.resolve("node/outbox/round-1/weights/model.safetensors");
        byte[] sound = Files.readAllBytes(weights);
        damage(weights);
        stage.coordinator.faults = (method, path) -> Fault.NONE;
        try (Node again = stage.node()) {
            again.agent().run(Until.noRun());
        }
        assertThat(Files.readAllBytes(weights)).isEqualTo(sound);
        assertThat(stage.coordinator.scores).hasSize(1);
    }

    @Test
    void a_base_that_the_disk_damaged_is_fetched_again_before_it_is_trained_from()
            throws IOException {
        Digest base = onlooker.announced();
        stage.coordinator.faults =
                (method, path) -> path.endsWith("/contributions") ? Fault.REVOKED : Fault.NONE;
        try (Node node = stage.node()) {
            assertThatThrownBy(() -> node.agent().run(Until.noRun()));
        }
        damage(stage.home.model(base).resolve("model.safetensors"));
        Files.delete(directory.resolve("node/outbox/round-1/contribution.json"));
        stage.coordinator.faults = (method, path) -> Fault.NONE;
        try (Node again = stage.node()) {
            again.agent().run(Until.noRun());
        }
        assertThat(SovereignBuild.digest(stage.home.model(base))).isEqualTo(base);
        assertThat(stage.coordinator.scores).hasSize(1);
    }

    private static void damage(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length - 1] ^= 1;
        Files.write(file, bytes);
    }

    @Test
    void a_node_asked_to_stop_ends_between_two_steps_and_goes_on_later() throws IOException {
        onlooker.announced();
        AtomicInteger seen = new AtomicInteger();
        try (Node node = stage.node()) {
            Node[] self = {node};
            stage.watch(update -> {
                if (update instanceof NodeUpdate.Stepped && seen.incrementAndGet() == 2) {
                    self[0].stop();
                }
            });
            assertThatThrownBy(() -> node.agent().run(Until.noRun()))
                    .isInstanceOfSatisfying(
                            NodeException.class, e -> assertThat(e.code()).isEqualTo(Code.STOPPED));
        }
        assertThat(seen.get()).isEqualTo(2);
        stage.watch(update -> {});
        try (Node again = stage.node()) {
            again.agent().run(Until.noRun());
        }
        assertThat(stage.coordinator.scores).hasSize(1);
    }

    @Test
    void a_member_that_is_revoked_while_it_trains_does_not_train_to_the_end_in_vain()
            throws IOException {
        int endless = 1_000_000;
        RunPlan run = new RunPlan(1, Stage.training(endless), MergeRule.fedAvg(), 200);
        Digest base = stage.coordinator.adopt(stage.base("base", 1));
        stage.coordinator.announce(Stage.plan(run, 1, base), 1);
        stage.watch(update -> {
            if (update instanceof NodeUpdate.Stepped) {
                stage.coordinator.faults =
                        (method, path) -> path.endsWith("/activity") ? Fault.REVOKED : Fault.NONE;
            }
        });
        try (Node node = stage.node()) {
            assertThatThrownBy(() -> node.agent().run(Until.stopped()))
                    .hasMessage("you left")
                    .isInstanceOfSatisfying(
                            NodeException.class, e -> assertThat(e.code()).isEqualTo(Code.REVOKED));
        }
        assertThat(stage.coordinator.contributions).isEmpty();
        assertThat(stage.updates)
                .filteredOn(NodeUpdate.Declined.class::isInstance)
                .singleElement()
                .satisfies(update ->
                        assertThat(((NodeUpdate.Declined) update).code()).isEqualTo("REVOKED"));
    }

    @Test
    void a_node_that_missed_the_scoring_fetches_the_base_that_the_others_published()
            throws IOException {
        Digest base = stage.coordinator.adopt(stage.base("base", 1));
        Digest next = stage.coordinator.serve(stage.base("next", 2));
        stage.coordinator.othersPublish(Stage.plan(1, base), next);
        try (Node node = stage.node()) {
            node.agent().run(Until.noRun());
        }
        assertThat(SovereignBuild.digest(stage.home.model(next))).isEqualTo(next);
        assertThat(stage.updates).anyMatch(NodeUpdate.BaseBelieved.class::isInstance);
    }

    @Test
    void what_is_half_here_of_a_candidate_that_was_rolled_back_goes_and_of_a_needed_model_stays()
            throws IOException {
        Digest base = onlooker.announced();
        Path gone = stage.home.models().resolve("." + "0".repeat(64) + ".partial");
        Path needed = stage.home.models().resolve("." + base.hex() + ".partial");
        for (Path half : List.of(gone, needed)) {
            Files.writeString(Files.createDirectories(half).resolve("config.json"), "{");
        }
        stage.coordinator.views = RoundStoriesTest::rolledBack;
        try (Node node = stage.node()) {
            node.agent().run(view -> true);
        }
        assertThat(gone).doesNotExist();
        assertThat(needed.resolve("config.json")).exists();
    }

    private static RoundView rolledBack(RoundView view) {
        return new RoundView(
                view.version(),
                RoundView.Phase.ROLLED_BACK,
                view.plan(),
                view.planDigest(),
                Optional.empty(),
                Optional.empty(),
                view.base(),
                List.of(),
                view.deadline(),
                view.roundsPublished(),
                view.roundsPlanned(),
                view.ending(),
                "worse",
                List.of());
    }

    @Test
    void uploads_and_downloads_that_are_cut_off_are_finished() throws IOException {
        onlooker.announced();
        AtomicInteger cut = new AtomicInteger();
        stage.coordinator.faults =
                (method, path) ->
                        path.startsWith("/v1/parts/") && cut.getAndIncrement() % 2 == 0
                                ? Fault.CUT
                                : Fault.NONE;
        try (Node node = stage.node()) {
            node.agent().run(Until.noRun());
        }
        assertThat(stage.coordinator.scores).hasSize(1);
        assertThat(stage.updates).anyMatch(NodeUpdate.Unreachable.class::isInstance);
    }

    @Test
    void an_upload_that_a_restarted_coordinator_forgot_begins_again() throws IOException {
        onlooker.announced();
        AtomicInteger sent = new AtomicInteger();
        stage.coordinator.faults =
                (method, path) ->
                        (method.equals("PUT") || path.endsWith("/seal"))
                                        && sent.getAndIncrement() % 2 == 0
                                ? Fault.FORGOTTEN
                                : Fault.NONE;
        try (Node node = stage.node()) {
            node.agent().run(Until.noRun());
        }
        assertThat(stage.coordinator.scores).hasSize(1);
        assertThat(onlooker.declined()).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("faults")
    void a_fault_that_nobody_thought_of_is_told_and_the_node_goes_on(RuntimeException fault)
            throws IOException {
        onlooker.announced();
        AtomicInteger faults = new AtomicInteger();
        try (Node node = stage.node()) {
            stage.watch(update -> {
                // In the middle of a round's training, from within whoever takes part.
                if (update instanceof NodeUpdate.Stepped && faults.incrementAndGet() <= 3) {
                    throw fault;
                }
            });
            node.agent().run(Until.noRun());
        }
        assertThat(onlooker.hindered()).containsExactly("UNFORESEEN", "UNFORESEEN", "UNFORESEEN");
        assertThat(stage.updates.toString()).contains(fault.toString());
        assertThat(
                        stage.updates.stream()
                                .filter(NodeUpdate.Hindered.class::isInstance)
                                .map(update -> ((NodeUpdate.Hindered) update).failures()))
                .as("the pauses grow with them")
                .containsExactly(1, 2, 3);
        assertThat(stage.events())
                .filteredOn(event ->
                        event instanceof Decision decision
                                && decision.reason().startsWith("UNFORESEEN"))
                .hasSize(1);
        assertThat(stage.coordinator.contributions).hasSize(1);
        assertThat(stage.coordinator.scores).hasSize(1);
    }

    private static Stream<RuntimeException> faults() {
        return Stream.of(
                new IllegalStateException("a state that cannot be"),
                new UncheckedIOException(new IOException("a file that nobody expected to fail")),
                new IllegalArgumentException("a number out of range"),
                new NullPointerException("a value that is missing"));
    }

    @Test
    void the_coordinator_hears_what_the_node_does_as_far_as_the_member_lets_it()
            throws IOException {
        onlooker.announced();
        Files.writeString(stage.home.tokens(), "not a folder");
        onlooker.goesOnOnce(
                "STORAGE",
                "tokens",
                () -> {
                    awaitActivity(Activity.Doing.HINDERED);
                    Files.delete(stage.home.tokens());
                });
        assertThat(stage.coordinator.activities)
                .filteredOn(activity -> activity.doing() == Activity.Doing.HINDERED)
                .isNotEmpty()
                .allSatisfy(activity -> {
                    assertThat(activity.round()).isEqualTo(1);
                    assertThat(activity.code()).contains("STORAGE");
                    assertThat(activity.during())
                            .as("with what it was busy then")
                            .isPresent()
                            .isNotEqualTo(Optional.of(Activity.Doing.HINDERED));
                    assertThat(activity.reason()).as("words may name files").isEmpty();
                });
    }

    @Test
    void a_node_that_is_refused_when_it_asks_for_news_pauses_and_asks_again() throws IOException {
        onlooker.announced();
        AtomicInteger asked = new AtomicInteger();
        stage.coordinator.faults =
                (method, path) ->
                        path.startsWith("/v1/round?") && asked.incrementAndGet() <= 3
                                ? Fault.REPLACED
                                : Fault.NONE;
        try (Node node = stage.node()) {
            node.agent().run(Until.noRun());
        }
        assertThat(onlooker.hindered())
                .containsExactly(
                        "COORDINATOR_REFUSED", "COORDINATOR_REFUSED", "COORDINATOR_REFUSED");
        assertThat(stage.coordinator.scores).hasSize(1);
    }

    @Test
    void a_member_may_have_reasons_told() throws IOException {
        onlooker.announced();
        Files.writeString(stage.home.tokens(), "not a folder");
        try (Node node = stage.node(stage.config().withVisibility(Visibility.REASONS))) {
            stage.watch(update -> {
                if (update instanceof NodeUpdate.Hindered hindered && hindered.failures() == 2) {
                    awaitActivity(Activity.Doing.HINDERED);
                    Onlooker.mend(() -> Files.delete(stage.home.tokens()));
                }
            });
            node.agent().run(Until.noRun());
        }
        assertThat(stage.coordinator.activities)
                .filteredOn(activity -> activity.doing() == Activity.Doing.HINDERED)
                .allSatisfy(
                        activity -> assertThat(activity.reason().orElseThrow()).contains("tokens"));
    }

    @Test
    void a_member_may_have_nothing_told() throws IOException {
        onlooker.announced();
        try (Node node = stage.node(stage.config().withVisibility(Visibility.NOTHING))) {
            node.agent().run(Until.noRun());
        }
        assertThat(stage.coordinator.scores).hasSize(1);
        assertThat(stage.coordinator.count("PUT", "/v1/activity")).isZero();
    }

    private void awaitActivity(Activity.Doing doing) {
        await().until(() ->
                stage.coordinator.activities.stream()
                        .anyMatch(activity -> activity.doing() == doing));
    }
}
