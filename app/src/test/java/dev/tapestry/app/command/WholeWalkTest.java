package dev.tapestry.app.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.coordinator.Coordinator;
import dev.tapestry.coordinator.CoordinatorConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What the steward's and the operator's guides say, done word for word. */
final class WholeWalkTest {

    @TempDir Path directory;

    @Test
    void a_consortium_of_one_is_founded_joined_run_watched_and_verified() throws IOException {
        Path consortium = directory.resolve("consortium");
        Path node = directory.resolve("node");
        Path corpus =
                Tiny.corpus(
                        directory.resolve("corpus"), "contributed-cpt, private-cpt, evaluation");
        Said.found(consortium, Tiny.charter(directory.resolve("charter.yaml"), "PT24H"));
        Said.ok("consortium", "adopt", consortium, Tiny.model(directory.resolve("model")));

        try (Coordinator coordinator = Coordinator.assemble(CoordinatorConfig.read(consortium))) {
            coordinator.start();
            String token = Said.ok("member", "invite", consortium, "alpha").strip();
            assertThat(token).startsWith("tapestry1.").hasLineCount(1);
            assertThat(Said.ok("node", "join", node, token, "--corpus", corpus, "--threads", "1"))
                    .contains("joined 'Walkers' as alpha");
            assertThat(Said.ok("member", "list", consortium))
                    .containsPattern(
                            "member +standing +certificate\nalpha +ENROLLED +[0-9a-f]{12}…\n");
            assertThat(
                            Said.by(
                                            "node",
                                            "join",
                                            directory.resolve("other"),
                                            token,
                                            "--corpus",
                                            corpus)
                                    .err())
                    .contains("TOKEN_UNKNOWN");

            assertThat(Said.ok("node", "status", node))
                    .contains("alpha of 'Walkers'", "in 824 days", "nothing yet; start it");
            assertThat(Said.ok("doctor", node))
                    .contains("'Walkers' admits alpha, one of 1 members");

            Path plan = Tiny.plan(directory.resolve("plan.yaml"));
            Said.ok("run", "start", consortium, plan);
            assertThat(Said.by("run", "start", consortium, plan).err()).contains("RUN_UNDER_WAY");
            assertThat(Said.ok("node", "start", node, "--until-run-ends"))
                    .contains("member: alpha")
                    .contains("proven by the coordinator's log");
            assertThat(Said.ok("run", "watch", consortium))
                    .contains("published")
                    .containsOnlyOnce("updates: norm ratio 1.000");

            Said.ok("member", "revoke", consortium, "alpha", "--reason", "the walk is over");
            assertThat(Said.ok("member", "list", consortium)).contains("REVOKED");
            Said examined = Said.by("doctor", node);
            assertThat(examined.code()).isEqualTo(3);
            assertThat(examined.out()).contains("BROKEN  membership", "alpha was revoked");
        }

        JsonNode facts =
                JsonMapper.builder()
                        .build()
                        .readTree(Said.ok("consortium", "show", consortium, "--json"));
        assertThat(facts.path("rounds").asInt()).isEqualTo(1);
        assertThat(Said.ok("node", "status", node))
                .containsPattern("began last +(round 1 )?[a-z]+ at 2")
                .contains("nothing of late");
        assertThat(Said.ok("node", "receipts", node)).contains("PART_UPLOAD").contains("TOTAL");
        assertThat(
                        Said.ok(
                                "node",
                                "build",
                                node,
                                "--name",
                                "own",
                                "--base",
                                "latest",
                                "--tokens",
                                "100",
                                "--batch",
                                "2",
                                "--sequence",
                                "32",
                                "--scoring-tokens",
                                "200"))
                .contains("bits per byte before");
        assertThat(node.resolve("sovereign/own/weights.gguf")).exists();
        assertThat(Said.ok("verify", "log", consortium, "--witness", node)).contains("whole");
        assertThat(Said.ok("verify", "log", node)).contains("whole");
        assertThat(Said.ok("verify", "merge", consortium, "--round", "1"))
                .contains("to the last byte");
        assertThat(Said.by("verify", "merge", consortium, "--round", "9").err())
                .contains("no round 9");

        Path seen = node.resolve("witness/seen.json");
        String remembered = Files.readString(seen);
        Files.writeString(seen, "{}");
        Said forgetful = Said.by("verify", "log", consortium, "--witness", node);
        assertThat(forgetful.code()).isEqualTo(1);
        assertThat(forgetful.err()).contains("seen.json is damaged");
        Files.writeString(seen, remembered);

        Tiny.falsify(consortium.resolve("log.db"), "Walkers", "Talkers");
        Said broken = Said.by("verify", "log", consortium, "--witness", node);
        assertThat(broken.code()).isEqualTo(1);
        assertThat(broken.err()).contains("entry 0").contains("TAMPERED");
    }
}
