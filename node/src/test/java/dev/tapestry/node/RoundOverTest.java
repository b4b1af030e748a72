package dev.tapestry.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tapestry.consortium.Charter;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.LateRule;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.consortium.RunPlan;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import dev.tapestry.node.FaultyExchange.Fault;
import dev.tapestry.node.NodeEvent.Decision;
import dev.tapestry.node.NodeEvent.Verdict;
import dev.tapestry.node.NodeUpdate.BaseBelieved;
import dev.tapestry.node.NodeUpdate.Declined;
import dev.tapestry.node.NodeUpdate.Stepped;
import dev.tapestry.node.round.NodeAgent.Until;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A round ends while a member still trains in it. */
@Timeout(180)
class RoundOverTest {

    /** More than are ever done: whoever makes them all would be at it for hours. */
    private static final int ENDLESS = 10_000_000;

    private static final RunPlan ENDLESS_RUN =
            new RunPlan(3, Stage.training(ENDLESS), Stage.RUN.merge(), 200);

    private static final Until TWO_ROUNDS = view -> view.roundsPublished() == 1;

    @TempDir Path directory;
    private Stage stage;
    private Digest base;

    @BeforeEach
    void setUp() throws IOException {
        stage = new Stage(directory).joined();
        base = stage.coordinator.adopt(stage.base("base", 1));
    }

    @AfterEach
    void tearDown() {
        stage.close();
    }

    /** What happens once the node has done a step in a round and kept a checkpoint of it. */
    private void onceInRound(int round, Runnable event) {
        AtomicBoolean happened = new AtomicBoolean();
        stage.watch(update -> {
            if (update instanceof Stepped step
                    && step.round() == round
                    && step.step() >= 2
                    && happened.compareAndSet(false, true)) {
                event.run();
            }
        });
    }

    private void run(NodeConfig config, Until until) {
        try (Node node = stage.node(config)) {
            node.agent().run(until);
        }
    }

    private NodeConfig careful() {
        return stage.config().withCheckpointEvery(Duration.ZERO);
    }

    private List<String> reasons() {
        return stage.updates.stream()
                .filter(Declined.class::isInstance)
                .map(Declined.class::cast)
                .map(declined -> declined.code() + ": " + declined.reason())
                .toList();
    }

    private List<Integer> steps(int round) {
        return stage.updates.stream()
                .filter(Stepped.class::isInstance)
                .map(Stepped.class::cast)
                .filter(step -> step.round() == round)
                .map(Stepped::step)
                .toList();
    }

    private List<String> checkpoints() {
        try (Stream<Path> files = Files.list(stage.home.trainer())) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.startsWith("in-round"))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void a_node_whose_run_is_stopped_ends_between_two_steps_says_why_and_keeps_no_checkpoint() {
        stage.coordinator.announce(Stage.plan(ENDLESS_RUN, 1, base), 1);
        onceInRound(
                1,
                () -> {
                    assertThat(checkpoints()).isNotEmpty();
                    stage.coordinator.stopRun("the power is needed elsewhere");
                });
        run(careful(), Until.noRun());
        assertThat(reasons())
                .containsExactly(
                        "ROUND_OVER: round 1 is over without this node: the run was stopped: the power is needed elsewhere");
        assertThat(stage.events())
                .filteredOn(event ->
                        event instanceof Decision decision
                                && decision.verdict() == Verdict.DECLINES
                                && decision.round().equals(Optional.of(new RoundNumber(1)))
                                && decision.reason().startsWith("ROUND_OVER"))
                .hasSize(1);
        assertThat(checkpoints()).isEmpty();
        assertThat(stage.coordinator.contributions).isEmpty();
    }

    @Test
    void a_node_that_the_others_left_behind_takes_part_in_the_round_that_is_under_way() {
        stage.coordinator.announce(Stage.plan(ENDLESS_RUN, 1, base), 2);
        onceInRound(1, () -> stage.coordinator.announce(Stage.plan(2, base), 2));
        run(stage.config(), TWO_ROUNDS);
        assertThat(reasons())
                .containsExactly(
                        "ROUND_OVER: round 1 is over without this node: round 2 is under way");
        assertThat(stage.coordinator.contributions)
                .singleElement()
                .satisfies(sent -> assertThat(sent.round().value()).isEqualTo(2));
    }

    @Test
    void a_round_that_collects_again_goes_on_from_the_checkpoint() {
        stage.coordinator.announce(Stage.plan(ENDLESS_RUN, 1, base), 1);
        AtomicBoolean again = new AtomicBoolean();
        stage.watch(update -> {
            switch (update) {
                case Stepped step when again.get() && step.step() > 3 ->
                        stage.coordinator.stopRun("enough");
                case Stepped step when step.step() == 3 -> stage.coordinator.goesOn(Phase.MERGING);
                case Declined _ when again.compareAndSet(false, true) ->
                        stage.coordinator.goesOn(Phase.COLLECTING);
                default -> {}
            }
        });
        run(careful(), Until.noRun());
        assertThat(reasons())
                .containsExactly(
                        "ROUND_OVER: round 1 is over without this node: it closed, and what had come is being merged",
                        "ROUND_OVER: round 1 is over without this node: the run was stopped: enough");
        assertThat(steps(1)).as("no step is done twice").doesNotHaveDuplicates();
    }

    /** The others have gone on without this member, whose watch has seen it and asks again. */
    private void othersMergeAndAreSeen(Digest merged) {
        stage.coordinator.othersMerge(merged);
        long asked = stage.coordinator.count("GET", "/v1/round?");
        await().until(() -> stage.coordinator.count("GET", "/v1/round?") >= asked + 2);
    }

    @Test
    void what_the_charter_takes_late_is_trained_to_its_end() throws IOException {
        Digest merged = stage.coordinator.serve(stage.base("merged", 3));
        stage.coordinator.announce(Stage.plan(1, base), 2);
        stage.watch(update -> {
            switch (update) {
                case Stepped step when step.round() == 1 && step.step() == 2 ->
                        othersMergeAndAreSeen(merged);
                case BaseBelieved believed when believed.round().value() == 1 ->
                        stage.coordinator.announce(Stage.plan(2, believed.base()), 2);
                default -> {}
            }
        });
        run(stage.config(), Until.noRun());
        assertThat(reasons()).isEmpty();
        assertThat(steps(1)).containsExactly(1, 2, 3);
        assertThat(steps(2)).as("the late contribution stands for it").isEmpty();
        assertThat(stage.coordinator.contributions)
                .singleElement()
                .satisfies(sent -> assertThat(sent.round().value()).isEqualTo(1));
    }

    @Test
    void what_comes_late_is_taken_until_its_window_ends() throws IOException {
        Digest merged = stage.coordinator.serve(stage.base("merged", 3));
        stage.coordinator.announce(Stage.plan(ENDLESS_RUN, 1, base), 1);
        stage.coordinator.lateUntil = Instant.parse("2001-01-01T00:00:00Z");
        onceInRound(1, () -> stage.coordinator.othersMerge(merged));
        run(stage.config(), Until.noRun());
        assertThat(reasons())
                .containsExactly(
                        "ROUND_OVER: round 1 is over without this node: what came late was taken until 2001-01-01T00:00:00Z");
        assertThat(stage.coordinator.scores).as("it scores all the same").hasSize(1);
    }

    @Test
    void a_node_that_cannot_ask_takes_the_deadline_for_the_end() {
        stage.coordinator.announce(closed(Stage.plan(ENDLESS_RUN, 1, base)), 1);
        AtomicBoolean cut = new AtomicBoolean();
        stage.coordinator.faults =
                (_, path) -> cut.get() && path.startsWith("/v1/round?") ? Fault.BUSY : Fault.NONE;
        stage.watch(update -> {
            switch (update) {
                case Stepped _ -> cut.set(true);
                case Declined _ -> {
                    cut.set(false);
                    stage.coordinator.stopRun("enough");
                }
                default -> {}
            }
        });
        run(stage.config(), Until.noRun());
        assertThat(reasons())
                .singleElement()
                .asString()
                .startsWith("ROUND_OVER: round 1 is over without this node: what comes after")
                .contains("cannot be asked", "BUSY");
    }

    @Test
    void a_node_that_cannot_ask_trains_on_while_its_work_could_come_late() {
        stage.coordinator.charter =
                Charter.standard("Test")
                        .withStragglers(
                                Optional.empty(),
                                Optional.of(new LateRule(Duration.ofDays(36_500), 1, 0)));
        stage.coordinator.announce(closed(Stage.plan(ENDLESS_RUN, 1, base)), 1);
        AtomicBoolean cut = new AtomicBoolean();
        stage.coordinator.faults =
                (_, path) -> cut.get() && path.startsWith("/v1/round?") ? Fault.BUSY : Fault.NONE;
        onceInRound(
                1,
                () -> {
                    long asked = stage.coordinator.count("GET", "/v1/round?");
                    cut.set(true);
                    await().until(() -> stage.coordinator.count("GET", "/v1/round?") >= asked + 2);
                    cut.set(false);
                    stage.coordinator.stopRun("enough");
                });
        run(stage.config(), Until.noRun());
        assertThat(reasons())
                .containsExactly(
                        "ROUND_OVER: round 1 is over without this node: the run was stopped: enough");
    }

    @Test
    void a_command_of_one_s_own_is_ended_with_its_round_and_may_tidy_up() throws IOException {
        stage.coordinator.announce(Stage.plan(1, base), 1);
        onceInRound(1, () -> stage.coordinator.stopRun("enough"));
        run(
                trainer(
                        """
                        trap 'echo tidied > state/tidied; exit 0' TERM
                        printf '{"step":%d,"tokens":%d,"loss":5.5}\\n' 1 64 2 128 > metrics.jsonl
                        while :; do echo .; sleep 0.1; done
                        """),
                Until.noRun());
        assertThat(reasons())
                .containsExactly(
                        "ROUND_OVER: round 1 is over without this node: the run was stopped: enough");
        assertThat(stage.home.job().resolve("state/tidied")).exists();
    }

    @Test
    void a_command_of_one_s_own_is_not_ended_at_a_deadline_after_which_its_work_is_taken_late()
            throws IOException {
        Digest merged = stage.coordinator.serve(stage.base("merged", 3));
        Path go = directory.resolve("go");
        stage.coordinator.announce(closed(Stage.plan(1, base)), 2);
        onceInRound(
                1,
                () -> {
                    othersMergeAndAreSeen(merged);
                    touch(go);
                });
        run(
                trainer(
                        """
                        printf '{"step":%%d,"tokens":%%d,"loss":5.5}\\n' 1 64 2 128 > metrics.jsonl
                        while ! test -e %s; do echo .; sleep 0.05; done
                        printf '{"step":%%d,"tokens":%%d,"loss":5.5}\\n' 3 192 >> metrics.jsonl
                        cp %s model.safetensors
                        echo '{"tokens":192,"steps":3,"meanLoss":5.5}' > done.json
                        """
                                .formatted(
                                        go, stage.base("trained", 4).resolve("model.safetensors"))),
                view -> view.phase() == Phase.PUBLISHED);
        assertThat(reasons()).isEmpty();
        assertThat(steps(1)).containsExactly(1, 2, 3);
        assertThat(stage.home.outbox().resolve("round-1/contribution.json")).exists();
    }

    private NodeConfig trainer(String script) throws IOException {
        Path file = Files.writeString(directory.resolve("train.sh"), "set -eu\n" + script);
        return stage.config()
                .withTrainer(
                        new TrainerCommand(
                                List.of("bash", file.toString()),
                                Map.of(),
                                Duration.ofMinutes(2),
                                stage.home.job()));
    }

    private static void touch(Path file) {
        try {
            Files.createFile(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The same with a deadline that has passed. */
    private static RoundPlan closed(RoundPlan plan) {
        return new RoundPlan(
                plan.round(),
                plan.base(),
                plan.training(),
                plan.merge(),
                plan.scoringTokens(),
                plan.invited(),
                Instant.parse("2001-01-01T00:00:00Z"));
    }
}
