package dev.tapestry.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.node.box.DropBox;
import dev.tapestry.node.round.NodeAgent.Until;
import dev.tapestry.node.round.RoundGateway.Fetched;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A gateway that keeps a box filled, which whoever computes sees too. */
class UnattendedGatewayTest {

    private static final Duration PATIENCE = Duration.ofMinutes(2);

    @TempDir Path directory;
    private ClosedSite site;
    private Stage stage;
    private DropBox box;

    @BeforeEach
    void setUp() throws IOException {
        site = new ClosedSite(directory);
        stage = site.stage;
        box = site.box;
    }

    @AfterEach
    void tearDown() {
        site.close();
    }

    @Test
    void an_unattended_gateway_keeps_a_shared_box_filled_until_the_run_ends() throws IOException {
        site.announce();
        site.fetch();
        site.compute().train();
        ClosedSite.truncate(box.path().resolve("model.safetensors"), 64); // a copy that broke off
        try (Node node = stage.node()) {
            CompletableFuture<Void> gateway =
                    CompletableFuture.runAsync(() -> node.courier(box).run(Until.noRun()));
            await().atMost(PATIENCE).until(() -> gateway.isDone() || box.answered().isPresent());
            assertThat(box.answered().orElseThrow().code()).contains("BOX_DAMAGED");
            site.compute().train(); // whole this time
            await().atMost(PATIENCE).until(() -> gateway.isDone() || box.isToScore());
            assertThat(box.isToScore()).isTrue();
            site.compute().score();
            await().atMost(PATIENCE).until(gateway::isDone);
            gateway.join();
        }
        assertThat(stage.updates)
                .filteredOn(NodeUpdate.Declined.class::isInstance)
                .singleElement()
                .satisfies(update ->
                        assertThat(((NodeUpdate.Declined) update).code()).isEqualTo("BOX_DAMAGED"));
        assertThat(stage.coordinator.scores).hasSize(1);
        assertThat(stage.coordinator.view().base()).isEqualTo(site.networked().base());
    }

    @Test
    void an_unattended_gateway_leaves_a_training_that_has_begun_to_its_end_while_it_is_taken()
            throws IOException {
        site.announce();
        site.fetch();
        StopSignal stop = new StopSignal();
        assertThatThrownBy(() ->
                        site.compute(
                                        update -> {
                                            if (update instanceof NodeUpdate.Stepped) {
                                                stop.request();
                                            }
                                        },
                                        stop)
                                .train())
                .isInstanceOf(NodeException.class);
        stage.coordinator.othersMerge(stage.coordinator.serve(stage.base("merged", 3)));
        try (Node node = stage.node()) {
            CompletableFuture<Void> gateway =
                    CompletableFuture.runAsync(() -> node.courier(box).run(Until.noRun()));
            await().atMost(PATIENCE)
                    .until(() ->
                            gateway.isDone() || stage.coordinator.count("GET", "/v1/round") > 1);
            site.compute().train();
            await().atMost(PATIENCE).until(() -> gateway.isDone() || box.isToScore());
            site.compute().score();
            await().atMost(PATIENCE).until(gateway::isDone);
            gateway.join();
        }
        assertThat(stage.coordinator.scores).hasSize(1);
        stage.coordinator.announce(Stage.plan(2, stage.coordinator.view().base().orElseThrow()), 2);
        assertThat(site.fetch()).isInstanceOf(Fetched.Nothing.class);
        assertThat(stage.coordinator.contributions)
                .singleElement()
                .satisfies(sent -> assertThat(sent.round()).isEqualTo(new RoundNumber(1)));
    }

    @Test
    void an_unattended_gateway_tells_of_the_steps_that_are_done_elsewhere() throws IOException {
        site.announce();
        try (Node node = stage.node()) {
            CompletableFuture<Void> gateway =
                    CompletableFuture.runAsync(() -> node.courier(box).run(Until.noRun()));
            await().atMost(PATIENCE).until(() -> gateway.isDone() || box.hasOrders());
            site.compute().train();
            await().atMost(PATIENCE).until(() -> gateway.isDone() || box.isToScore());
            site.compute().score();
            await().atMost(PATIENCE).until(gateway::isDone);
            gateway.join();
        }
        assertThat(stage.updates)
                .filteredOn(NodeUpdate.Stepped.class::isInstance)
                .extracting(update -> ((NodeUpdate.Stepped) update).step())
                .containsExactly(1, 2, 3);
    }
}
