package dev.tapestry.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.consortium.RunPlan;
import dev.tapestry.consortium.protocol.Activity;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.node.FaultyExchange.Fault;
import dev.tapestry.node.NodeEvent.Decision;
import dev.tapestry.node.NodeEvent.Receipt;
import dev.tapestry.node.NodeEvent.Verdict;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.build.SovereignBuild;
import dev.tapestry.node.egress.Traffic;
import dev.tapestry.node.round.NodeAgent.Until;
import dev.tapestry.training.Precision;
import dev.tapestry.trust.signature.SigningKey;
import dev.tapestry.trust.signature.VerifyingKey;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
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

    @BeforeEach
    void setUp() throws IOException {
        stage = new Stage(directory).joined();
    }

    @AfterEach
    void tearDown() {
        stage.close();
    }

    private Digest announced() throws IOException {
        Digest base = stage.coordinator.adopt(stage.base("base", 1));
        stage.coordinator.announce(Stage.plan(1, base), 1);
        return base;
    }

    private List<String> hindered() {
        return stage.updates.stream()
                .filter(NodeUpdate.Hindered.class::isInstance)
                .map(update -> ((NodeUpdate.Hindered) update).code())
                .toList();
    }

    private List<String> declined() {
        return stage.updates.stream()
                .filter(NodeUpdate.Declined.class::isInstance)
                .map(update -> ((NodeUpdate.Declined) update).code())
                .toList();
    }

    private long steps() {
        return stage.updates.stream().filter(NodeUpdate.Stepped.class::isInstance).count();
    }

    @Test
    void a_node_trains_contributes_scores_and_believes_the_new_base_and_its_receipts_add_up()
            throws IOException {
        Digest base = announced();
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
        announced();
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
        announced();
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
        announced();
        stage.coordinator.faults =
                (method, path) -> path.endsWith("/contributions") ? Fault.REVOKED : Fault.NONE;
        try (Node node = stage.node()) {
            assertThatThrownBy(() -> node.agent().run(Until.noRun()))
                    .hasMessageContaining("you left");
        }
        assertThat(steps()).isEqualTo(3);

        stage.coordinator.faults = (method, path) -> Fault.NONE;
        try (Node again = stage.node()) {
            again.agent().run(Until.noRun());
        }
        assertThat(steps()).isEqualTo(3);
        assertThat(stage.coordinator.scores).hasSize(1);
    }

    @Test
    void a_round_that_is_trained_again_gives_the_same_weights_bit_by_bit() throws IOException {
        announced();
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
        assertThat(steps()).isEqualTo(6);
        assertThat(Files.readAllBytes(weights)).isEqualTo(first);
    }

    @Test
    void a_signed_contribution_that_the_disk_damaged_is_made_again_and_is_the_same()
            throws IOException {
        announced();
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
        Digest base = announced();
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
        announced();
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
        Digest base = announced();
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
        announced();
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
        announced();
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
        assertThat(declined()).isEmpty();
    }

    @Test
    void a_node_without_a_card_does_not_train_and_says_why() throws IOException {
        Files.delete(stage.corpus.resolve("card.yaml"));
        hinderedBy("POLICY", "CARD_MISSING");
    }

    @Test
    void a_node_whose_card_does_not_permit_contributed_training_does_not_train_and_says_why()
            throws IOException {
        Files.writeString(
                stage.corpus.resolve("card.yaml"), Stage.CARD.replace("contributed-cpt, ", ""));
        hinderedBy("POLICY", "USE_NOT_PERMITTED");
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
        declinesWith("WRONG_MODEL", "tokenizer");
    }

    @Test
    void a_base_that_the_log_does_not_name_is_not_believed() throws IOException {
        stage.coordinator.adopt(stage.base("base", 1));
        Digest other = stage.coordinator.serve(stage.base("other", 2));
        stage.coordinator.claim(other);
        stage.coordinator.announce(Stage.plan(1, other), 1);
        hinderedBy("NOT_PROVEN", other.abbreviated());
        assertThat(stage.coordinator.count("GET", "/v1/parts/")).isZero();
    }

    /** The others publish {@code next} between the node's view and its first look at the log. */
    private void othersPublishMeanwhile(RoundPlan plan, Digest next) {
        AtomicInteger looks = new AtomicInteger();
        stage.coordinator.faults =
                (method, path) -> {
                    if (path.equals("/v1/log/checkpoint") && looks.getAndIncrement() == 0) {
                        stage.coordinator.othersPublish(plan, next);
                    }
                    return Fault.NONE;
                };
    }

    private void believesOnly(Digest base) {
        try (Node node = stage.node()) {
            node.agent().run((RoundView view) -> view.base().equals(Optional.of(base)));
            assertThat(stage.events())
                    .filteredOn(Decision.class::isInstance)
                    .extracting(event -> ((Decision) event).verdict())
                    .containsExactly(Verdict.JOINED, Verdict.BASE_BELIEVED);
        }
        assertThat(stage.updates)
                .filteredOn(NodeUpdate.BaseBelieved.class::isInstance)
                .extracting(update -> ((NodeUpdate.BaseBelieved) update).base())
                .containsExactly(base);
        assertThat(declined()).isEmpty();
    }

    @Test
    void a_base_that_was_overtaken_while_the_node_asked_for_the_log_is_no_false_one()
            throws IOException {
        Digest base = stage.coordinator.adopt(stage.base("base", 1));
        Digest second = stage.coordinator.serve(stage.base("second", 2));
        Digest third = stage.coordinator.serve(stage.base("third", 3));
        stage.coordinator.othersPublish(Stage.plan(1, base), second);
        othersPublishMeanwhile(Stage.plan(2, second), third);
        believesOnly(third);
    }

    @Test
    void a_round_that_was_over_when_the_node_asked_for_the_log_is_not_trained() throws IOException {
        Digest base = announced();
        Digest next = stage.coordinator.serve(stage.base("next", 2));
        othersPublishMeanwhile(Stage.plan(1, base), next);
        believesOnly(next);
        assertThat(steps()).isZero();
    }

    @Test
    void a_checkpoint_signed_with_another_key_is_not_believed() throws IOException {
        Membership real = Membership.of(stage.home);
        VerifyingKey stranger = SigningKey.generate().verifyingKey();
        new Membership(real.consortium(), real.member(), real.coordinator(), stranger)
                .write(stage.home);
        announced();
        hinderedBy("NOT_PROVEN", "not signed");
    }

    @Test
    void a_coordinator_that_shows_two_histories_is_found_out() throws IOException {
        Digest base = announced();
        try (Node node = stage.node()) {
            node.agent().run(Until.noRun());
            Digest next = stage.coordinator.view().base().orElseThrow();
            stage.coordinator.log.rewrite(
                    new ConsortiumEvent.BaseAdopted(next, "another story", Instant.EPOCH),
                    new ConsortiumEvent.BaseAdopted(base, "another story", Instant.EPOCH),
                    new ConsortiumEvent.BaseAdopted(next, "another story", Instant.EPOCH));
            RoundPlan plan = Stage.plan(2, next);
            stage.coordinator.announce(plan, 2);
            assertThatThrownBy(() -> node.agent().run(Until.noRun()))
                    .isInstanceOfSatisfying(
                            NodeException.class,
                            e -> assertThat(e.code()).isEqualTo(Code.SPLIT_VIEW));
            assertThat(stage.events())
                    .anyMatch(event ->
                            event instanceof Decision decision
                                    && decision.verdict() == Verdict.BASE_NOT_BELIEVED);
        }
        assertThat(stage.home.witness().resolve("split-view.txt"))
                .content()
                .contains("tapestry/test");
    }

    /** A log in which a newer base follows the one that the coordinator names. */
    private void outdated() throws IOException {
        Digest old = stage.coordinator.adopt(stage.base("base", 1));
        Digest newer = stage.coordinator.serve(stage.base("newer", 2));
        stage.coordinator.append(
                new ConsortiumEvent.BasePublished(
                        new RoundNumber(1), newer, Optional.empty(), Instant.EPOCH));
        stage.coordinator.append(
                new ConsortiumEvent.RoundAbandoned(new RoundNumber(2), "late", Instant.EPOCH));
        stage.coordinator.announce(Stage.plan(3, old), 3);
    }

    @Test
    void an_older_base_is_not_believed_when_an_entry_of_the_log_comes_changed() throws IOException {
        outdated();
        stage.coordinator.log.slices =
                entries -> entries.size() == 3 ? replaced(entries, 1, entries.get(2)) : entries;
        hinderedBy("NOT_PROVEN", "not those that it signed");
        assertThat(stage.home.witness().resolve("seen.json")).doesNotExist();
    }

    @Test
    void an_older_base_is_not_believed_when_an_entry_of_the_log_is_left_out() throws IOException {
        outdated();
        stage.coordinator.log.slices =
                entries -> entries.size() == 3 ? List.of(entries.get(0), entries.get(2)) : entries;
        hinderedBy("NOT_PROVEN", "not those that it signed");
    }

    @Test
    void a_coordinator_that_sends_no_entries_or_too_many_is_not_believed() throws IOException {
        announced();
        stage.coordinator.log.slices = entries -> List.of();
        hinderedBy("MALFORMED_REPLY", "sent 0");
        stage.updates.clear();
        stage.coordinator.log.slices =
                entries -> List.of(entries.getFirst(), entries.getFirst(), entries.getFirst());
        hinderedBy("MALFORMED_REPLY", "sent 3");
    }

    @Test
    void a_damaged_memory_of_the_log_is_not_begun_anew_and_goes_on_when_it_is_restored()
            throws IOException {
        announced();
        Files.createDirectories(stage.home.witness());
        Path seen = Files.writeString(stage.home.witness().resolve("seen.json"), "{\"note\":");
        goesOnOnce(
                "STORAGE",
                "seen.json",
                () -> {
                    assertThat(seen).hasContent("{\"note\":");
                    Files.delete(seen);
                });
    }

    @Test
    void a_view_that_lacks_what_its_phase_needs_is_declined() throws IOException {
        announced();
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
        hinderedBy("MALFORMED_REPLY", "without its digest");
    }

    @Test
    void a_note_that_cannot_be_written_is_written_once_the_disk_takes_it() throws IOException {
        announced();
        Files.writeString(stage.home.scores(), "not a folder");
        goesOnOnce("STORAGE", "scores", () -> Files.delete(stage.home.scores()));
    }

    @Test
    void a_disk_that_takes_no_pack_is_no_policy_and_the_round_goes_on_once_it_does()
            throws IOException {
        announced();
        Files.writeString(stage.home.tokens(), "not a folder");
        goesOnOnce("STORAGE", "tokens", () -> Files.delete(stage.home.tokens()));
    }

    @ParameterizedTest
    @MethodSource("faults")
    void a_fault_that_nobody_thought_of_is_told_and_the_node_goes_on(RuntimeException fault)
            throws IOException {
        announced();
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
        assertThat(hindered()).containsExactly("UNFORESEEN", "UNFORESEEN", "UNFORESEEN");
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
    void a_card_that_is_mended_in_the_course_of_a_round_lets_the_node_take_part()
            throws IOException {
        Path card = stage.corpus.resolve("card.yaml");
        Files.writeString(card, Stage.CARD.replace("contributed-cpt, ", ""));
        announced();
        goesOnOnce("POLICY", "USE_NOT_PERMITTED", () -> Files.writeString(card, Stage.CARD));
    }

    @Test
    void the_coordinator_hears_what_the_node_does_as_far_as_the_member_lets_it()
            throws IOException {
        announced();
        Files.writeString(stage.home.tokens(), "not a folder");
        goesOnOnce(
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
        announced();
        AtomicInteger asked = new AtomicInteger();
        stage.coordinator.faults =
                (method, path) ->
                        path.startsWith("/v1/round?") && asked.incrementAndGet() <= 3
                                ? Fault.REPLACED
                                : Fault.NONE;
        try (Node node = stage.node()) {
            node.agent().run(Until.noRun());
        }
        assertThat(hindered())
                .containsExactly(
                        "COORDINATOR_REFUSED", "COORDINATOR_REFUSED", "COORDINATOR_REFUSED");
        assertThat(stage.coordinator.scores).hasSize(1);
    }

    @Test
    void a_member_may_have_reasons_told() throws IOException {
        announced();
        Files.writeString(stage.home.tokens(), "not a folder");
        try (Node node = stage.node(stage.config().withVisibility(Visibility.REASONS))) {
            stage.watch(update -> {
                if (update instanceof NodeUpdate.Hindered hindered && hindered.failures() == 2) {
                    awaitActivity(Activity.Doing.HINDERED);
                    mend(() -> Files.delete(stage.home.tokens()));
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
        announced();
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

    /** Something that a person does. */
    @FunctionalInterface
    private interface Mending {
        void run() throws IOException;
    }

    /** The node says what hinders it, tries again, and ends the round once that is mended. */
    private void goesOnOnce(String code, String why, Mending mending) {
        try (Node node = stage.node()) {
            stage.watch(update -> {
                if (update instanceof NodeUpdate.Hindered hindered && hindered.failures() == 2) {
                    mend(mending);
                }
            });
            node.agent().run(Until.noRun());
        }
        assertThat(hindered()).hasSizeGreaterThanOrEqualTo(2).containsOnly(code);
        assertThat(stage.updates.toString()).contains(why);
        assertThat(stage.coordinator.scores).hasSize(1);
        assertThat(stage.events())
                .filteredOn(event ->
                        event instanceof Decision decision
                                && decision.verdict() == Verdict.DECLINES)
                .as("what is the same each time is written once")
                .hasSize(1);
    }

    private static void mend(Mending mending) {
        try {
            mending.run();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<byte[]> replaced(List<byte[]> entries, int index, byte[] other) {
        List<byte[]> changed = new ArrayList<>(entries);
        changed.set(index, other);
        return changed;
    }

    /** Expects that the agent says why it cannot take part, and would try again. */
    private void hinderedBy(String code, String why) throws IOException {
        asksToTakePart(why);
        assertThat(hindered()).containsExactly(code);
        assertThat(declined()).isEmpty();
    }

    /** Expects that the agent says no to this round. */
    private void declinesWith(String code, String why) throws IOException {
        asksToTakePart(why);
        assertThat(declined()).containsExactly(code);
        assertThat(hindered()).isEmpty();
    }

    /** Runs the agent on an announced round until it says why it does nothing. */
    private void asksToTakePart(String why) throws IOException {
        if (stage.coordinator.view().plan().isEmpty()) {
            announced();
        }
        try (Node node = stage.node()) {
            stage.watch(update -> {
                if (update instanceof NodeUpdate.Declined
                        || update instanceof NodeUpdate.Hindered) {
                    node.stop();
                }
            });
            assertThatThrownBy(() -> node.agent().run(Until.noRun()))
                    .isInstanceOfSatisfying(
                            NodeException.class, e -> assertThat(e.code()).isEqualTo(Code.STOPPED));
        }
        assertThat(stage.updates.toString()).contains(why);
        assertThat(steps()).isZero();
        assertThat(stage.coordinator.contributions).isEmpty();
    }
}
