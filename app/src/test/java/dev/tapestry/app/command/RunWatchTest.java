package dev.tapestry.app.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tapestry.app.steward.StewardClient;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import dev.tapestry.coordinator.Coordinator;
import dev.tapestry.coordinator.CoordinatorConfig;
import dev.tapestry.trust.json.CanonicalJson;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run that nobody takes part in, as a script sees it. */
final class RunWatchTest {

    @TempDir Path directory;

    @Test
    void each_change_is_a_line_and_a_run_without_new_bases_ends_with_1() throws IOException {
        Path consortium = directory.resolve("consortium");
        Path charter = Tiny.charter(directory.resolve("charter.yaml"), "PT5S");
        Path corpus = Tiny.corpus(directory.resolve("corpus"), "contributed-cpt, evaluation");
        Said.found(consortium, charter);
        Said.ok("consortium", "adopt", consortium, Tiny.model(directory.resolve("model")));
        try (Coordinator coordinator = Coordinator.assemble(CoordinatorConfig.read(consortium))) {
            coordinator.start();
            assertThat(Said.by("run", "watch", consortium, "--json").code())
                    .as("nothing ever ran")
                    .isZero();
            String token = Said.ok("member", "invite", consortium, "alpha").strip();
            Said.ok("node", "join", directory.resolve("node"), token, "--corpus", corpus);
            Said.ok("run", "start", consortium, Tiny.plan(directory.resolve("plan.yaml")));

            Said said = Said.by("run", "watch", consortium, "--json");

            assertThat(said.code()).isEqualTo(1);
            List<RoundView> views =
                    said.out()
                            .lines()
                            .map(line ->
                                    CanonicalJson.read(
                                            line.getBytes(StandardCharsets.UTF_8), RoundView.class))
                            .toList();
            assertThat(views).extracting(RoundView::version).isSorted().doesNotHaveDuplicates();
            assertThat(views.getLast().phase()).isEqualTo(Phase.ABANDONED);
            assertThat(views.getLast().roundsPlanned()).isZero();
            assertThat(views.getLast().reason()).isNotEmpty();
            assertThat(views.getLast().ending()).isNotEmpty();
            assertThat(views.getFirst().ending()).isEmpty();
        }
    }

    @Test
    void an_outage_is_told_once_and_so_is_its_end() throws IOException, InterruptedException {
        Path consortium = directory.resolve("consortium");
        Said.found(consortium, Tiny.charter(directory.resolve("charter.yaml"), "PT24H"));
        Said.ok("consortium", "adopt", consortium, Tiny.model(directory.resolve("model")));
        Deque<Coordinator> running = new ArrayDeque<>();
        List<Duration> pauses = new ArrayList<>();
        List<String> troubles = new ArrayList<>();
        try (StewardClient steward = StewardFiles.client(consortium)) {
            running.add(started(consortium));
            Said.ok("run", "start", consortium, Tiny.plan(directory.resolve("plan.yaml")));

            new RunWatch(
                            steward,
                            _ -> {
                                if (pauses.isEmpty()) {
                                    running.remove().close();
                                }
                            },
                            _ -> {},
                            trouble -> {
                                troubles.add(trouble);
                                if (trouble.contains("answers again")) {
                                    steward.stop("the watch is over");
                                }
                            },
                            pause -> {
                                pauses.add(pause);
                                if (pauses.size() == 4) {
                                    running.add(started(consortium));
                                }
                            })
                    .follow();
        } finally {
            running.forEach(Coordinator::close);
        }
        assertThat(pauses).hasSize(4).isSorted().doesNotHaveDuplicates();
        assertThat(troubles).hasSize(2);
        assertThat(troubles.getFirst()).contains("coordinator start " + consortium);
        assertThat(troubles.getLast()).isEqualTo("the coordinator answers again");
    }

    private static Coordinator started(Path consortium) {
        Coordinator coordinator = Coordinator.assemble(CoordinatorConfig.read(consortium));
        coordinator.start();
        return coordinator;
    }

    @Test
    void while_a_run_waits_its_status_says_for_what_in_the_words_of_the_log() throws IOException {
        Path consortium = directory.resolve("consortium");
        Path corpus = Tiny.corpus(directory.resolve("corpus"), "contributed-cpt, evaluation");
        Said.found(consortium, Tiny.charter(directory.resolve("charter.yaml"), "PT24H"));
        Said.ok("consortium", "adopt", consortium, Tiny.model(directory.resolve("model")));
        try (Coordinator coordinator = Coordinator.assemble(CoordinatorConfig.read(consortium))) {
            coordinator.start();
            Said.ok("run", "start", consortium, Tiny.plan(directory.resolve("plan.yaml")));
            assertThat(Said.ok("run", "status", consortium))
                    .contains(
                            "idle: BELOW_QUORUM: 0 of 1 members that the charter's quorum asks for are enrolled; invite another (tapestry member invite)");

            String token = Said.ok("member", "invite", consortium, "alpha").strip();
            Said.ok("node", "join", directory.resolve("node"), token, "--corpus", corpus);
            await().until(() -> Said.ok("run", "status", consortium).contains("collecting"));
            String waiting = "round 1 collecting: 0 of 1 in; missing: alpha, ";
            assertThat(Said.ok("run", "status", consortium))
                    .contains(waiting)
                    .contains("; until ")
                    .contains(" UTC (in 23 h)");
            assertThat(Said.ok("run", "status", consortium, "--json"))
                    .contains("\"waiting\":\"" + waiting);
        }
    }
}
