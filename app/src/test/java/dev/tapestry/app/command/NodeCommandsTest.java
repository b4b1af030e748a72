package dev.tapestry.app.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.coordinator.Coordinator;
import dev.tapestry.coordinator.CoordinatorConfig;
import dev.tapestry.node.NodeEvent.Verdict;
import dev.tapestry.node.NodeHome;
import dev.tapestry.node.NodeLog;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a node's commands say about what lies in its directory already. */
final class NodeCommandsTest {

    @TempDir Path directory;

    private static void believed(NodeHome home, Digest base) {
        try (NodeLog log = NodeLog.open(home.log(), new MemberId("alpha"))) {
            log.decided(
                    Instant.EPOCH,
                    Optional.of(new RoundNumber(1)),
                    Verdict.BASE_BELIEVED,
                    base.hex());
        }
    }

    @Test
    void the_latest_base_is_the_newest_that_was_verified_and_never_an_older_one()
            throws IOException {
        NodeHome home = new NodeHome(Files.createDirectory(directory.resolve("node")));
        Digest older = Digest.of("older".getBytes(StandardCharsets.UTF_8));
        Digest newest = Digest.of("newest".getBytes(StandardCharsets.UTF_8));
        Files.createDirectories(home.model(older));
        believed(home, older);
        believed(home, newest);

        Said said =
                Said.by(
                        "node",
                        "build",
                        home.directory(),
                        "--name",
                        "trial",
                        "--base",
                        "latest",
                        "--tokens",
                        "1000");

        assertThat(said.code()).isEqualTo(1);
        assertThat(said.err())
                .contains(newest.hex(), "tapestry node start")
                .doesNotContain(older.hex());
    }

    @Test
    void a_start_says_that_the_trainer_cannot_be_run_and_what_to_do() throws IOException {
        Path consortium = directory.resolve("consortium");
        NodeHome home = new NodeHome(directory.resolve("node"));
        Path corpus = Tiny.corpus(directory.resolve("corpus"), "contributed-cpt, evaluation");
        Said.found(consortium, Tiny.charter(directory.resolve("charter.yaml"), "PT24H"));
        try (Coordinator coordinator = Coordinator.assemble(CoordinatorConfig.read(consortium))) {
            coordinator.start();
            String token = Said.ok("member", "invite", consortium, "alpha").strip();
            Said.ok("node", "join", home.directory(), token, "--corpus", corpus);
        }
        Files.writeString(
                home.config(),
                "trainer:\n  command: [/nowhere/train.sh]\n",
                StandardOpenOption.APPEND);

        // Its log is in use, so that the node ends instead of waiting for a round.
        try (NodeLog _ = NodeLog.open(home.log(), new MemberId("alpha"))) {
            assertThat(Said.by("node", "start", home.directory()).err())
                    .contains("/nowhere/train.sh", "chmod +x", "trainer.command");
        }
    }

    @Test
    void joining_again_shows_the_settings_that_are_in_force() throws IOException {
        Path consortium = directory.resolve("consortium");
        Path node = directory.resolve("node");
        Path first = Tiny.corpus(directory.resolve("first"), "contributed-cpt, evaluation");
        Path second = Tiny.corpus(directory.resolve("second"), "contributed-cpt, evaluation");
        Said.found(consortium, Tiny.charter(directory.resolve("charter.yaml"), "PT24H"));
        try (Coordinator coordinator = Coordinator.assemble(CoordinatorConfig.read(consortium))) {
            coordinator.start();
            String token = Said.ok("member", "invite", consortium, "alpha").strip();
            assertThat(Said.ok("node", "join", node, token, "--corpus", first))
                    .contains(first.toString())
                    .doesNotContain("kept");
            assertThat(Said.ok("node", "join", node, token, "--corpus", second))
                    .contains("had joined", first.toString(), "kept")
                    .doesNotContain(second.toString());
            String again = Said.ok("member", "invite", consortium, "alpha").strip();
            assertThat(Said.ok("node", "join", node, again, "--corpus", first))
                    .startsWith("joined 'Walkers' as alpha");
            assertThat(Said.ok("doctor", node)).contains("admits alpha");
        }
    }
}
