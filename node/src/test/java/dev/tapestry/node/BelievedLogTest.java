package dev.tapestry.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.node.FaultyExchange.Fault;
import dev.tapestry.node.NodeEvent.Decision;
import dev.tapestry.node.NodeEvent.Verdict;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.round.NodeAgent.Until;
import dev.tapestry.trust.signature.SigningKey;
import dev.tapestry.trust.signature.VerifyingKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a node believes of the coordinator's log, and what it does not. */
class BelievedLogTest {

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
    void a_base_that_the_log_does_not_name_is_not_believed() throws IOException {
        stage.coordinator.adopt(stage.base("base", 1));
        Digest other = stage.coordinator.serve(stage.base("other", 2));
        stage.coordinator.claim(other);
        stage.coordinator.announce(Stage.plan(1, other), 1);
        onlooker.hinderedBy("NOT_PROVEN", other.abbreviated());
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
        assertThat(onlooker.declined()).isEmpty();
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
        Digest base = onlooker.announced();
        Digest next = stage.coordinator.serve(stage.base("next", 2));
        othersPublishMeanwhile(Stage.plan(1, base), next);
        believesOnly(next);
        assertThat(onlooker.steps()).isZero();
    }

    @Test
    void a_checkpoint_signed_with_another_key_is_not_believed() throws IOException {
        Membership real = Membership.of(stage.home);
        VerifyingKey stranger = SigningKey.generate().verifyingKey();
        new Membership(real.consortium(), real.member(), real.coordinator(), stranger)
                .write(stage.home);
        onlooker.announced();
        onlooker.hinderedBy("NOT_PROVEN", "not signed");
    }

    @Test
    void a_coordinator_that_shows_two_histories_is_found_out() throws IOException {
        Digest base = onlooker.announced();
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
        onlooker.hinderedBy("NOT_PROVEN", "not those that it signed");
        assertThat(stage.home.witness().resolve("seen.json")).doesNotExist();
    }

    @Test
    void an_older_base_is_not_believed_when_an_entry_of_the_log_is_left_out() throws IOException {
        outdated();
        stage.coordinator.log.slices =
                entries -> entries.size() == 3 ? List.of(entries.get(0), entries.get(2)) : entries;
        onlooker.hinderedBy("NOT_PROVEN", "not those that it signed");
    }

    private static List<byte[]> replaced(List<byte[]> entries, int index, byte[] other) {
        List<byte[]> changed = new ArrayList<>(entries);
        changed.set(index, other);
        return changed;
    }

    @Test
    void a_coordinator_that_sends_no_entries_or_too_many_is_not_believed() throws IOException {
        onlooker.announced();
        stage.coordinator.log.slices = entries -> List.of();
        onlooker.hinderedBy("MALFORMED_REPLY", "sent 0");
        stage.updates.clear();
        stage.coordinator.log.slices =
                entries -> List.of(entries.getFirst(), entries.getFirst(), entries.getFirst());
        onlooker.hinderedBy("MALFORMED_REPLY", "sent 3");
    }

    @Test
    void a_damaged_memory_of_the_log_is_not_begun_anew_and_goes_on_when_it_is_restored()
            throws IOException {
        onlooker.announced();
        Files.createDirectories(stage.home.witness());
        Path seen = Files.writeString(stage.home.witness().resolve("seen.json"), "{\"note\":");
        onlooker.goesOnOnce(
                "STORAGE",
                "seen.json",
                () -> {
                    assertThat(seen).hasContent("{\"note\":");
                    Files.delete(seen);
                });
    }
}
