package dev.tapestry.app.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.coordinator.Coordinator;
import dev.tapestry.coordinator.CoordinatorConfig;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What the steward's and the operator's guides say, done word for word. */
final class WholeWalkTest {

    private static final String PLAN =
            """
            rounds: 1
            training: {steps: 2, optimizer: MUON, learningRate: 0.005, finalLearningRateRatio: 0.1,
              schedule: COSINE, warmupTokens: 8, totalTokens: 128, batchSequences: 2,
              sequenceLength: 32, weightDecay: 0.01, clipNorm: 1.0, seed: 1}
            merge: {learningRate: 1.0, momentum: 0.0, direction: MEAN}
            scoringTokens: 500
            """;

    @TempDir Path directory;

    @Test
    void a_consortium_of_one_is_founded_joined_run_watched_and_verified() throws IOException {
        Path consortium = directory.resolve("consortium");
        Path node = directory.resolve("node");
        Path corpus =
                Tiny.corpus(
                        directory.resolve("corpus"), "contributed-cpt, private-cpt, evaluation");
        ok(
                "consortium",
                "found",
                consortium,
                "--charter",
                charter(),
                "--host",
                "127.0.0.1",
                "--port",
                freePort());
        ok("consortium", "adopt", consortium, Tiny.model(directory.resolve("model")));

        try (Coordinator coordinator = Coordinator.assemble(CoordinatorConfig.read(consortium))) {
            coordinator.start();
            String token = ok("member", "invite", consortium, "alpha").strip();
            assertThat(token).startsWith("tapestry1.").hasLineCount(1);
            assertThat(ok("node", "join", node, token, "--corpus", corpus, "--threads", "1"))
                    .contains("joined 'Walkers' as alpha");
            assertThat(ok("member", "list", consortium)).contains("alpha").contains("ENROLLED");
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

            Path plan = Files.writeString(directory.resolve("plan.yaml"), PLAN);
            ok("run", "start", consortium, plan);
            assertThat(Said.by("run", "start", consortium, plan).err()).contains("RUN_UNDER_WAY");
            assertThat(ok("node", "start", node, "--until-run-ends"))
                    .contains("member: alpha")
                    .contains("proven by the coordinator's log");
            assertThat(ok("run", "watch", consortium)).contains("published");

            ok("member", "revoke", consortium, "alpha", "--reason", "the walk is over");
            assertThat(ok("member", "list", consortium)).contains("REVOKED");
        }

        JsonNode facts =
                JsonMapper.builder()
                        .build()
                        .readTree(ok("consortium", "show", consortium, "--json"));
        assertThat(facts.path("rounds").asInt()).isEqualTo(1);
        assertThat(ok("node", "receipts", node)).contains("PART_UPLOAD").contains("TOTAL");
        assertThat(
                        ok(
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
        assertThat(ok("verify", "log", consortium, "--witness", node)).contains("whole");
        assertThat(ok("verify", "log", node)).contains("whole");
        assertThat(ok("verify", "merge", consortium, "--round", "1")).contains("to the last byte");
        assertThat(Said.by("verify", "merge", consortium, "--round", "9").err())
                .contains("no round 9");

        falsify(consortium.resolve("log.db"), "Walkers", "Talkers");
        Said broken = Said.by("verify", "log", consortium, "--witness", node);
        assertThat(broken.code()).isEqualTo(1);
        assertThat(broken.err()).contains("entry 0").contains("TAMPERED");
    }

    private Path charter() throws IOException {
        return Files.writeString(
                directory.resolve("charter.yaml"),
                Files.readString(Path.of("..", "docs", "examples", "charter.yaml"))
                        .replace("name: Nordic law", "name: Walkers")
                        .replace("influenceCap: 0.5", "influenceCap: 1.0")
                        .replace("quorum: 2", "quorum: 1")
                        .replace("qualityFloorBitsPerByte: 8", "qualityFloorBitsPerByte: 100")
                        .replace(
                                "releaseToleranceBitsPerByte: 0.05",
                                "releaseToleranceBitsPerByte: 10"));
    }

    private static String ok(Object... words) {
        Said said = Said.by(words);
        assertThat(said.code()).as(said.err()).isZero();
        return said.out();
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    /** Changes a word of the same length wherever it stands in the file. */
    private static void falsify(Path file, String from, String to) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        byte[] word = from.getBytes(StandardCharsets.UTF_8);
        try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
            for (int i = 0; i + word.length <= bytes.length; i++) {
                if (java.util.Arrays.equals(bytes, i, i + word.length, word, 0, word.length)) {
                    out.seek(i);
                    out.write(to.getBytes(StandardCharsets.UTF_8));
                }
            }
        }
    }
}
