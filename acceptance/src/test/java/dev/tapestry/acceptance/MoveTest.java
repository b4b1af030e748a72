package dev.tapestry.acceptance;

import static dev.tapestry.acceptance.SmallConsortium.is;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.app.process.FreePort;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import dev.tapestry.node.Membership;
import dev.tapestry.node.NodeHome;
import dev.tapestry.trust.log.AuditLog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The drill: members move the coordinator against nobody's will but the old operator's. */
final class MoveTest {

    private static final List<String> MEMBERS = List.of("ada", "bela", "cleo");

    @TempDir Path directory;

    private Path old;
    private Path next;
    private Path move;
    private int port;

    @Test
    void two_rounds_here_two_rounds_there_and_the_old_coordinator_has_no_say_in_it()
            throws IOException {
        try (SmallConsortium consortium = SmallConsortium.founded(directory, MEMBERS)) {
            MEMBERS.forEach(consortium::startNode);
            rounds(consortium, 2);
            consortium.kill("coordinator");
            old = consortium.consortium();
            Path copy = copied(old, directory.resolve("copy-without-conscience"));
            long size = size(old);

            agreed(consortium, "ada", "bela");
            consortium.movedTo(next, port);
            consortium.startCoordinator();
            consortium.awaitView(_ -> true);
            // Who did not sign hears of it from the old one, which is fenced.
            consortium.startCoordinator("old", old);
            MEMBERS.forEach(member -> follows(consortium, member));
            assertThat(directory.resolve("old.log"))
                    .content()
                    .contains("MOVED: the members have moved this coordinator to https://");
            rounds(consortium, 4);
            assertThat(size(old)).isEqualTo(size);
            consortium.kill("old");

            consortium.kill("coordinator");
            posing(consortium, copy);
            MEMBERS.forEach(consortium::kill);
            consortium.verify(MEMBERS, 4);
            bundled();
        }
    }

    /** Runs two rounds, of which the last is {@code number}. */
    private static void rounds(SmallConsortium consortium, int number) {
        consortium.run(2, 4);
        RoundView last =
                consortium.awaitView(view ->
                        view.roundsPlanned() == 0
                                && view.plan()
                                        .map(plan -> plan.round().value() == number)
                                        .orElse(false));
        assertThat(is(last, number, Phase.PUBLISHED)).as(last.reason()).isTrue();
        String base = last.base().orElseThrow().hex();
        MEMBERS.forEach(member -> consortium.awaitLine(member, "base-believed", base));
    }

    private void agreed(SmallConsortium consortium, String... members) throws IOException {
        next = directory.resolve("next");
        port = FreePort.find();
        move = directory.resolve("move.json");
        ok("consortium", "prepare", next, "--host", "127.0.0.1", "--port", port);
        ok("consortium", "propose-move", old, next.resolve("successor.json"), "--out", move);
        List<Path> statements =
                Stream.of(members).map(member -> directory.resolve(member + ".json")).toList();
        for (int i = 0; i < members.length; i++) {
            Path node = consortium.node(members[i]);
            ok("node", "agree-move", node, move, "--out", statements.get(i));
        }
        assertThat(
                        Program.here(
                                "consortium",
                                "move",
                                old,
                                next,
                                "--statements",
                                statements.getFirst()))
                .as("one of three")
                .isEqualTo(1);
        ok(
                "consortium",
                "move",
                old,
                next,
                "--statements",
                String.join(",", statements.stream().map(Path::toString).toList()));
    }

    private void follows(SmallConsortium consortium, String member) {
        NodeHome home = new NodeHome(consortium.node(member));
        org.awaitility.Awaitility.await(member + " follows")
                .atMost(SmallConsortium.PATIENCE)
                .until(() -> Membership.of(home).coordinator().getPort() == port);
    }

    /** An old coordinator takes the new one's place, with the authority's key and all. */
    private void posing(SmallConsortium consortium, Path copy) throws IOException {
        Path settings = copy.resolve("coordinator.yaml");
        Files.writeString(
                settings, Files.readString(settings).replaceFirst("port: [0-9]+", "port: " + port));
        consortium.startCoordinator("posing", copy);
        for (String member : MEMBERS) {
            consortium.awaitLine(member, "hindered", "\"TLS\"", "another key");
        }
        consortium.kill("posing");
    }

    private void bundled() {
        Path bundle = directory.resolve("audit.zip");
        ok("log", "export", next, bundle);
        String key =
                Membership.of(new NodeHome(directory.resolve("node-ada"))).coordinatorKey().value();
        ok(
                "verify",
                "bundle",
                bundle,
                "--witnesses",
                MEMBERS.size(),
                "--key",
                key,
                "--contributions",
                next);
    }

    private static long size(Path directory) {
        try (AuditLog log = AuditLog.readOnly(directory.resolve("log.db"))) {
            return log.size();
        }
    }

    private static Path copied(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(from.relativize(file).toString()));
            }
        }
        return to;
    }

    private static void ok(Object... words) {
        assertThat(Program.here(words)).as(List.of(words).toString()).isZero();
    }
}
