package dev.tapestry.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.consortium.Digest;
import dev.tapestry.node.FaultyExchange.Fault;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.build.SovereignBuild;
import dev.tapestry.node.egress.ModelReceiver;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelReceiverTest {

    @TempDir Path directory;
    private Stage stage;
    private Digest model;

    @BeforeEach
    void setUp() throws IOException {
        stage = new Stage(directory).joined();
        model = stage.coordinator.serve(stage.base("base", 1));
    }

    @AfterEach
    void tearDown() {
        stage.close();
    }

    private Path receive(int streams) {
        try (Node node = stage.node()) {
            return new ModelReceiver(node.coordinator(), stage.home.models(), streams, () -> {})
                    .receive(model);
        }
    }

    private Path receiveInto(long room) {
        try (Node node = stage.node()) {
            return new ModelReceiver(
                            node.coordinator(), stage.home.models(), 1, () -> {}, folder -> room)
                    .receive(model);
        }
    }

    private long downloads() {
        return stage.coordinator.count("GET", "/v1/parts/");
    }

    @Test
    void a_model_arrives_whole_and_is_not_fetched_twice() {
        Path received = receive(4);
        assertThat(SovereignBuild.digest(received)).isEqualTo(model);
        long fetched = downloads();
        assertThat(receive(4)).isEqualTo(received);
        assertThat(downloads()).isEqualTo(fetched);
    }

    @Test
    void a_corrupt_part_is_refused_and_fetched_again() {
        AtomicInteger parts = new AtomicInteger();
        stage.coordinator.faults =
                (method, path) ->
                        path.startsWith("/v1/parts/") && parts.getAndIncrement() == 1
                                ? Fault.CORRUPT
                                : Fault.NONE;
        assertThat(SovereignBuild.digest(receive(1))).isEqualTo(model);
        assertThat(downloads()).isEqualTo(4);
    }

    @Test
    void a_part_that_stays_corrupt_is_given_up() {
        stage.coordinator.faults =
                (method, path) -> path.startsWith("/v1/parts/") ? Fault.CORRUPT : Fault.NONE;
        assertThatThrownBy(() -> receive(1))
                .isInstanceOfSatisfying(
                        NodeException.class,
                        e -> assertThat(e.code()).isEqualTo(Code.DIGEST_MISMATCH));
        assertThat(stage.home.model(model)).doesNotExist();
    }

    @Test
    void a_node_killed_in_the_middle_goes_on_with_what_is_missing() {
        AtomicInteger parts = new AtomicInteger();
        stage.coordinator.faults =
                (method, path) ->
                        path.startsWith("/v1/parts/") && parts.incrementAndGet() == 3
                                ? Fault.REVOKED
                                : Fault.NONE;
        assertThatThrownBy(() -> receive(1)).hasMessageContaining("you left");
        assertThat(downloads()).isEqualTo(3);

        assertThat(SovereignBuild.digest(receive(1))).isEqualTo(model);
        assertThat(downloads()).isEqualTo(4);
    }

    @Test
    void what_is_here_already_needs_no_room_and_what_is_missing_does() throws IOException {
        Path received = receive(1);
        long config = Files.size(received.resolve("config.json"));
        Path draft = received.resolveSibling("." + model.hex() + ".partial");
        Files.move(received, draft);
        Files.delete(draft.resolve("config.json"));
        assertThatThrownBy(() -> receiveInto(config - 1))
                .isInstanceOfSatisfying(
                        NodeException.class, e -> assertThat(e.code()).isEqualTo(Code.STORAGE));
        assertThat(SovereignBuild.digest(receiveInto(config))).isEqualTo(model);
    }

    @Test
    void a_busy_coordinator_is_asked_again_and_a_cut_connection_made_again() {
        AtomicInteger requests = new AtomicInteger();
        stage.coordinator.faults =
                (method, path) ->
                        switch (requests.getAndIncrement()) {
                            case 0, 3 -> Fault.BUSY;
                            case 2, 5 -> Fault.CUT;
                            default -> Fault.NONE;
                        };
        assertThat(SovereignBuild.digest(receive(2))).isEqualTo(model);
    }

    @Test
    void a_model_that_the_coordinator_does_not_have_is_said_to_be_unknown() {
        model = Digest.of(new byte[] {3});
        assertThatThrownBy(() -> receive(1)).hasMessageContaining("UNKNOWN_MODEL");
    }
}
