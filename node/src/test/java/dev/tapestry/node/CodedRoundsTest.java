package dev.tapestry.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.consortium.CodecName;
import dev.tapestry.consortium.CodedFile;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.Finding;
import dev.tapestry.consortium.ModelManifest;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.consortium.Wire;
import dev.tapestry.consortium.protocol.ModelUpdate;
import dev.tapestry.node.FaultyExchange.Fault;
import dev.tapestry.node.NodeEvent.Receipt;
import dev.tapestry.node.build.SovereignBuild;
import dev.tapestry.node.egress.MessageKind;
import dev.tapestry.node.round.NodeAgent.Until;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Rounds in which updates travel coded. */
@Timeout(120)
class CodedRoundsTest {

    private static final Wire WIRE =
            new Wire(Optional.of(new CodecName("topk32/1")), Optional.of(new CodecName("int4/1")));

    @TempDir Path directory;
    private Stage stage;

    @BeforeEach
    void setUp() throws IOException {
        stage = new Stage(directory).joined();
        stage.coordinator.adopt(stage.base("base", 1, 64));
    }

    @AfterEach
    void tearDown() {
        stage.close();
    }

    private RoundPlan announced(int round) {
        Digest base = stage.coordinator.view().base().orElseThrow();
        RoundPlan plan = Stage.plan(Stage.RUN.over(WIRE), round, base);
        stage.coordinator.announce(plan, stage.coordinator.view().roundsPublished() + 1);
        return plan;
    }

    private void takePart(int round) {
        announced(round);
        try (Node node = stage.node()) {
            node.agent().run(Until.noRun());
        }
    }

    /** A process that ends when it is about to offer its contribution. */
    private void isKilledBeforeItContributes() {
        stage.coordinator.faults =
                (method, path) -> path.endsWith("/contributions") ? Fault.REVOKED : Fault.NONE;
        try (Node node = stage.node()) {
            assertThatThrownBy(() -> node.agent().run(Until.noRun()))
                    .hasMessageContaining("you left");
        }
        stage.coordinator.faults = (method, path) -> Fault.NONE;
    }

    private List<Path> residuals() throws IOException {
        Path folder = directory.resolve("node/residual");
        if (!Files.exists(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        }
    }

    private Path outbox(int round, String file) {
        return directory.resolve("node/outbox/round-" + round).resolve(file);
    }

    private long received(MessageKind kind) {
        return stage.events().stream()
                .filter(event -> event instanceof Receipt receipt && receipt.kind() == kind)
                .mapToLong(event -> ((Receipt) event).bytesReceived())
                .sum();
    }

    @Test
    void updates_go_both_ways_in_the_bytes_that_were_promised_and_receipts_add_up()
            throws IOException {
        takePart(1);
        long base = stage.coordinator.contributions.getFirst().weights().bytes();
        long whole = received(MessageKind.PART_DOWNLOAD);
        takePart(2);
        takePart(3);
        assertThat(stage.coordinator.scores).hasSize(3);
        assertThat(stage.coordinator.contributions)
                .hasSize(3)
                .allSatisfy(sent -> {
                    assertThat(sent.update().map(CodedFile::codec)).isEqualTo(WIRE.up());
                    assertThat(sent.sent().bytes()).isLessThan(base / 50);
                });
        assertThat(received(MessageKind.PART_DOWNLOAD) - whole)
                .as("two more candidates in four bits")
                .isLessThan(2 * base / 6);
        assertThat(stage.coordinator.count("PUT", "/v1/parts/")).isEqualTo(3);
        Digest last = stage.coordinator.view().base().orElseThrow();
        assertThat(SovereignBuild.digest(stage.home.model(last))).isEqualTo(last);
        assertThat(
                        stage.events().stream()
                                .filter(event -> event instanceof Receipt)
                                .mapToLong(event -> ((Receipt) event).bytesSent())
                                .sum())
                .isEqualTo(stage.coordinator.bodyBytes());
    }

    @Test
    void what_coding_lost_is_carried_on_once_a_base_was_made_of_the_contribution()
            throws IOException {
        takePart(1);
        byte[] lost = Files.readAllBytes(outbox(1, "residual.safetensors"));
        assertThat(outbox(1, "weights")).as("what was trained is not needed").doesNotExist();
        announced(2);
        isKilledBeforeItContributes();
        assertThat(residuals())
                .singleElement()
                .satisfies(kept -> assertThat(Files.readAllBytes(kept)).isEqualTo(lost));
        byte[] update = Files.readAllBytes(outbox(2, "update/update.safetensors"));
        Files.delete(outbox(2, "contribution.json"));

        isKilledBeforeItContributes();
        assertThat(Files.readAllBytes(outbox(2, "update/update.safetensors")))
                .as("encoded again from the same residual")
                .isEqualTo(update);
        try (Node node = stage.node()) {
            node.agent().run(Until.noRun());
        }
        assertThat(stage.coordinator.contributions).hasSize(2);
    }

    @Test
    void a_node_that_was_killed_while_it_decoded_its_update_packs_it_again() {
        stage.watch(update -> {
            if (update instanceof NodeUpdate.Began began
                    && began.detail().startsWith("the update")) {
                leave(outbox(1, "decoded"));
            }
        });
        takePart(1);
        assertThat(stage.coordinator.contributions).hasSize(1);
        assertThat(outbox(1, "decoded")).doesNotExist();
    }

    /** What a process leaves that ends in the middle. */
    private static void leave(Path folder) {
        try {
            Files.createDirectories(folder);
            Files.writeString(folder.resolve("model.safetensors"), "half");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void a_round_without_a_base_leaves_the_residual_of_the_base_before() throws IOException {
        takePart(1);
        byte[] lost = Files.readAllBytes(outbox(1, "residual.safetensors"));
        stage.coordinator.rollsBack = true;
        takePart(2);
        announced(3);
        isKilledBeforeItContributes();
        assertThat(residuals())
                .singleElement()
                .satisfies(kept -> assertThat(Files.readAllBytes(kept)).isEqualTo(lost));
    }

    @Test
    void a_refused_contribution_and_a_base_that_is_adopted_anew_reset_the_residual()
            throws IOException {
        takePart(1);
        announced(2);
        stage.coordinator.refuses = Optional.of(Finding.UPDATE_TOO_LARGE);
        try (Node node = stage.node()) {
            node.agent().run(view -> true);
        }
        assertThat(stage.updates).anyMatch(NodeUpdate.Declined.class::isInstance);
        assertThat(residuals()).hasSize(1);
        stage.coordinator.refuses = Optional.empty();
        takePart(3);
        assertThat(residuals()).isEmpty();
        assertThat(outbox(3, "residual.safetensors")).exists();

        stage.coordinator.adopt(stage.base("other", 2, 64));
        takePart(4);
        assertThat(residuals()).isEmpty();
    }

    @Test
    void a_node_whose_update_is_no_use_fetches_the_candidate_whole() throws IOException {
        announced(1);
        isKilledBeforeItContributes();
        stage.coordinator.faults =
                (method, path) -> {
                    if (path.endsWith("/update")) {
                        stage.coordinator.updates.replaceAll((_, update) -> corrupt(update));
                    }
                    return Fault.NONE;
                };
        try (Node node = stage.node()) {
            node.agent().run(Until.noRun());
        }
        assertThat(stage.coordinator.updates).hasSize(1);
        assertThat(stage.coordinator.scores).hasSize(1);
        Digest last = stage.coordinator.view().base().orElseThrow();
        assertThat(SovereignBuild.digest(stage.home.model(last))).isEqualTo(last);
        try (Stream<Path> models = Files.list(stage.home.models())) {
            assertThat(models).noneMatch(path -> path.getFileName().toString().startsWith("."));
        }
    }

    @Test
    void a_node_that_ends_while_it_codes_what_it_trained_does_not_train_it_again()
            throws IOException {
        announced(1);
        try (Node node = stage.node()) {
            stage.watch(update -> {
                if (update instanceof NodeUpdate.Began began
                        && began.detail().startsWith("the update")) {
                    throw new Error("the power went");
                }
            });
            assertThatThrownBy(() -> node.agent().run(Until.noRun()))
                    .hasMessageContaining("the power went");
        }
        stage.watch(_ -> {});
        try (Node again = stage.node()) {
            again.agent().run(Until.noRun());
        }
        assertThat(stage.updates.stream().filter(NodeUpdate.Stepped.class::isInstance)).hasSize(3);
        assertThat(stage.coordinator.contributions).hasSize(1);
    }

    @Test
    void a_node_that_does_not_know_the_codec_says_so_before_it_trains() {
        Digest base = stage.coordinator.view().base().orElseThrow();
        Wire newer = new Wire(Optional.of(new CodecName("int9/1")), Optional.empty());
        stage.coordinator.announce(Stage.plan(Stage.RUN.over(newer), 1, base), 1);
        try (Node node = stage.node()) {
            node.agent().run(view -> true);
        }
        assertThat(stage.updates)
                .noneMatch(NodeUpdate.Stepped.class::isInstance)
                .anyMatch(update ->
                        update instanceof NodeUpdate.Declined(_, _, String code, String reason)
                                && code.equals("CODEC")
                                && reason.contains("one of both ends is too old"));
    }

    /** The same file with one byte of its codes changed, under a digest that is right. */
    private ModelUpdate corrupt(ModelUpdate update) {
        ModelManifest.File file = update.update().file();
        byte[] bytes =
                Objects.requireNonNull(
                                stage.coordinator.parts.get(file.parts().getFirst().digest()))
                        .clone();
        bytes[bytes.length - 1] ^= 0x11;
        Digest digest = Digest.of(bytes);
        stage.coordinator.parts.put(digest, bytes);
        ModelManifest.Part part = new ModelManifest.Part(digest, bytes.length);
        return new ModelUpdate(
                update.base(),
                new CodedFile(
                        update.update().codec(),
                        new ModelManifest.File(file.path(), file.bytes(), List.of(part))));
    }
}
