package dev.tapestry.acceptance;

import static dev.tapestry.acceptance.SmallConsortium.is;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two coordinators, one PostgreSQL, one bucket: whoever leads is killed in the middle of a round.
 */
@Timeout(900)
final class TwoCoordinatorsTest {

    private static final List<String> MEMBERS = List.of("ada", "bela");
    private static final int STEPS = 2;

    @TempDir Path directory;

    @Test
    void
            the_other_finishes_the_round_with_the_base_of_one_that_is_alone_and_old_copies_are_refused()
                    throws IOException, InterruptedException {
        try (SmallConsortium consortium = SmallConsortium.founded(directory, MEMBERS);
                SharedServers servers = SharedServers.start(directory.resolve("s3"))) {
            consortium.kill("coordinator");
            Path backup = directory.resolve("backup");
            ok("coordinator", "backup", consortium.consortium(), backup);
            for (String member : MEMBERS) {
                copy(consortium.node(member), reference(member));
            }

            String base = sharedRun(consortium, servers);
            anOldCopyIsRefused(consortium, backup);
            assertThat(runAlone(consortium, backup)).isEqualTo(base);
        }
    }

    /** A round on shared stores, whose leader is killed after the first contribution. */
    private String sharedRun(SmallConsortium consortium, SharedServers servers) throws IOException {
        Path first = consortium.consortium();
        Path yaml = first.resolve("coordinator.yaml");
        Files.writeString(yaml, Files.readString(yaml) + servers.keys());
        ok("coordinator", "move", first);
        ok("coordinator", "check", first);
        Path second = directory.resolve("second");
        for (String name : List.of("ca", "identity", "signing-key.pem", "coordinator.yaml")) {
            copy(first.resolve(name), second.resolve(name));
        }
        consortium.startCoordinator("first", first, servers.environment());
        consortium.awaitView(_ -> true);
        Program standby = consortium.startCoordinator("second", second, servers.environment());
        await().atMost(SmallConsortium.PATIENCE)
                .until(() -> standby.printed().contains("standing by: process"));
        consortium.run(1, STEPS);
        consortium.startNode("ada");
        consortium.awaitView(
                view -> view.phase() == Phase.COLLECTING && view.awaited().size() == 1);
        consortium.kill("first");
        long killed = System.nanoTime();
        consortium.startNode("bela");
        await().atMost(SmallConsortium.PATIENCE)
                .until(() -> standby.printed().contains("leading: process"));
        System.out.printf(
                "the other led %.1f s after the kill%n", (System.nanoTime() - killed) / 1e9);
        RoundView last = consortium.awaitView(TwoCoordinatorsTest::isOver);
        assertThat(is(last, 1, Phase.PUBLISHED)).as(last.reason()).isTrue();
        assertThat(standby.printed()).contains("term 3");
        for (String member : MEMBERS) {
            consortium.awaitLine(member, "base-believed", last.base().orElseThrow().hex());
            consortium.kill(member);
        }
        consortium.kill("second");
        ok("verify", "log", second, "--witness", consortium.node("ada"));
        ok("verify", "merge", second, "--round", 1);
        return last.base().orElseThrow().hex();
    }

    /** The node has seen more of the log than the copy holds. */
    private static void anOldCopyIsRefused(SmallConsortium consortium, Path backup)
            throws InterruptedException {
        consortium.startCoordinator("old", backup, Map.of());
        consortium.awaitView(_ -> true);
        consortium.run(1, STEPS);
        Program node = consortium.startNode("ada", consortium.node("ada"));
        consortium.forget("ada");
        try (node) {
            assertThat(node.process().waitFor(4, TimeUnit.MINUTES)).as(node.printed()).isTrue();
            assertThat(node.process().exitValue()).isNotZero();
            assertThat(node.printed()).contains("an older copy of the coordinator was started");
        }
    }

    /** The same round with nodes that have not seen it. */
    private String runAlone(SmallConsortium consortium, Path backup) {
        for (String member : MEMBERS) {
            consortium.startNode(member, reference(member));
        }
        RoundView last = consortium.awaitView(TwoCoordinatorsTest::isOver);
        assertThat(is(last, 1, Phase.PUBLISHED)).as(last.reason()).isTrue();
        ok("verify", "log", backup);
        return last.base().orElseThrow().hex();
    }

    private static boolean isOver(RoundView view) {
        return view.roundsPlanned() == 0 && view.phase() != Phase.IDLE;
    }

    private Path reference(String member) {
        return directory.resolve("reference-" + member);
    }

    private static void ok(Object... words) {
        assertThat(Program.here(words)).as(List.of(words).toString()).isZero();
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Path target = to.resolve(from.relativize(file).toString());
                Files.createDirectories(target.toAbsolutePath().getParent());
                Files.copy(file, target, StandardCopyOption.COPY_ATTRIBUTES);
            }
        }
    }
}
