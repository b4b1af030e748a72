package dev.tapestry.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tapestry.consortium.Digest;
import dev.tapestry.node.build.SovereignBuild;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Builds as processes: killed, without a network, on a disk that is full. */
@Timeout(900)
class BuildProcessTest {

    private static final Duration PATIENCE = Duration.ofMinutes(4);

    @TempDir static Path directory;

    private static Path plan = Path.of("");
    private static Digest undisturbed = Digest.of(new byte[0]);

    @BeforeAll
    static void buildUndisturbed() throws IOException {
        TrainerStage stage = TrainerStage.in(directory, false);
        Path base = stage.base(true);
        Path corpus = TinyCorpus.write(directory.resolve("corpus"), 1);
        Path chats = Files.createDirectories(directory.resolve("chats"));
        Files.writeString(
                chats.resolve("card.yaml"),
                Files.readString(corpus.resolve("card.yaml"))
                        .replace("contributed-cpt", "instruction-tuning")
                        .replace("text-format: lines", "text-format: json-lines"));
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 80; i++) {
            lines.append(
                    "{\"prompt\":\"Who votes on law %d?\",\"completion\":\"The committee, in session %d.\"}%n"
                            .formatted(i, i % 7));
        }
        Files.writeString(chats.resolve("chats.jsonl"), lines);
        plan =
                Files.writeString(
                        directory.resolve("build.yaml"),
                        """
                        name: council
                        base: %s
                        stages:
                          - {type: pretrain, corpus: corpus, tokens: 25600, training: {batch: 2, sequence: 32}}
                          - {type: instruct, chats: chats, epochs: 10, training: {batch: 4, sequence: 64}}
                        evaluation: {own: corpus, tokens: 500, sequence: 32}
                        """
                                .formatted(base));
        undisturbed = finished(directory.resolve("undisturbed"));
    }

    private static Program build(Path home) {
        return Program.start(
                directory.resolve("said"), "build", "run", plan, "--node", home, "--threads", 1);
    }

    /** Builds to the end, in this process. */
    private static Digest finished(Path home) {
        assertThat(Program.here("build", "run", plan, "--node", home, "--threads", 1)).isZero();
        return SovereignBuild.digest(home.resolve("sovereign/council"));
    }

    private static int exit(Process process) {
        await("the end of the build").atMost(PATIENCE).until(() -> !process.isAlive());
        return process.exitValue();
    }

    /** Stages that are under way and were scored at least twice. */
    private static long underWay(Path home) {
        return stages(home, "learning/scores.json")
                .filter(file -> text(file).split("step").length > 2)
                .count();
    }

    private static Stream<Path> stages(Path home, String file) {
        Path folder = home.resolve("builds/stages");
        if (!Files.isDirectory(folder)) {
            return Stream.of();
        }
        try (Stream<Path> stages = Files.list(folder)) {
            return stages.map(stage -> stage.resolve(file)).filter(Files::exists).toList().stream();
        } catch (IOException e) {
            return Stream.of(); // looked at while it changes
        }
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return ""; // it has just been replaced or deleted
        }
    }

    private static void killedInStage(Path home, int finished) {
        try (Program build = build(home)) {
            await("a stage under way after " + finished)
                    .atMost(PATIENCE)
                    .pollInterval(Duration.ofMillis(10))
                    .until(() ->
                            stages(home, "stage.json").count() == finished && underWay(home) == 1);
            build.kill();
        }
        assertThat(stages(home, "stage.json")).hasSize(finished);
        assertThat(home.resolve("sovereign/council")).doesNotExist();
    }

    @Test
    void killed_in_its_first_and_in_its_second_stage_it_comes_to_the_same_model() {
        Path home = directory.resolve("killed");
        killedInStage(home, 0);
        killedInStage(home, 1);
        assertThat(finished(home)).isEqualTo(undisturbed);
        assertThat(home.resolve("sovereign")).isDirectoryContaining("glob:**/council");
    }

    @Test
    void without_any_network_interface_it_comes_to_the_same_model() throws Exception {
        assumeTrue(
                runs("unshare", "-n", "true"),
                "a network namespace of its own needs root, or a kernel that lets others make one");
        Path home = directory.resolve("cut-off");
        Path said = directory.resolve("cut-off-said");
        Process build =
                new ProcessBuilder(
                                "unshare",
                                "-n",
                                Program.launcher(directory).toString(),
                                "build",
                                "run",
                                plan.toString(),
                                "--node",
                                home.toString(),
                                "--threads",
                                "1")
                        .redirectErrorStream(true)
                        .redirectOutput(said.toFile())
                        .start();
        assertThat(exit(build)).as(text(said)).isZero();
        assertThat(SovereignBuild.digest(home.resolve("sovereign/council"))).isEqualTo(undisturbed);
    }

    @Test
    void on_a_full_disk_it_stops_with_the_reason_and_goes_on_when_there_is_room() throws Exception {
        Path home = Files.createDirectories(directory.resolve("small"));
        assumeTrue(
                runs("mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", home.toString()),
                "a small disk needs root");
        try {
            Program full = build(home);
            try (full) {
                assertThat(exit(full.process())).as(full.printed()).isEqualTo(3);
            }
            assertThat(full.printed()).containsAnyOf("No space left", "the disk has");
            assertThat(home.resolve("sovereign/council")).doesNotExist();
            assertThat(runs("mount", "-o", "remount,size=100m", home.toString())).isTrue();
            assertThat(finished(home)).isEqualTo(undisturbed);
        } finally {
            assertThat(runs("umount", home.toString())).isTrue();
        }
    }

    private static boolean runs(String... command) throws IOException, InterruptedException {
        try {
            Process process =
                    new ProcessBuilder(List.of(command))
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start();
            return process.waitFor(30, TimeUnit.SECONDS) && process.exitValue() == 0;
        } catch (IOException e) {
            return false; // there is no such program
        }
    }
}
