package dev.tapestry.acceptance;

import static dev.tapestry.acceptance.SmallConsortium.is;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.protocol.RoundView.Phase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The steward stops a run while its members train, and begins another. */
@Timeout(900)
class StoppedRunTest {

    private static final List<String> MEMBERS = List.of("ada", "bela");

    /** Hours of work. */
    private static final int ENDLESS = 1_000_000;

    @TempDir Path directory;

    @Test
    void members_leave_off_training_for_a_run_that_was_stopped_and_take_part_in_the_next()
            throws IOException {
        try (SmallConsortium consortium = SmallConsortium.founded(directory, MEMBERS)) {
            Path settings = consortium.node("bela").resolve("node.yaml");
            String embedded = Files.readString(settings);
            Path script =
                    Files.writeString(
                            directory.resolve("train.sh"),
                            """
                            trap 'echo tidied > state/tidied; exit 0' TERM
                            echo '{"step":1,"tokens":256,"loss":5.5}' > metrics.jsonl
                            while :; do echo .; sleep 0.1; done
                            """);
            Files.writeString(
                    settings, embedded + "trainer:\n  command: [bash, \"%s\"]\n".formatted(script));
            consortium.startNode("ada");
            consortium.startNode("bela");
            consortium.run(1, ENDLESS);
            consortium.awaitLine("ada", "\"step\":3");
            consortium.awaitLine("bela", "\"step\":1");
            consortium.stop("the power is needed elsewhere");
            for (String member : MEMBERS) {
                consortium.awaitLine(
                        member,
                        "ROUND_OVER",
                        "round 1 is over without this node: the run was stopped: the power is needed elsewhere");
            }
            assertThat(consortium.node("bela").resolve("job/state/tidied")).exists();

            consortium.kill("bela");
            Files.writeString(settings, embedded);
            consortium.startNode("bela");
            consortium.run(1, 2);
            consortium.awaitView(view -> is(view, 2, Phase.PUBLISHED));
            consortium.kill("coordinator");
            consortium.kill("ada");
            consortium.kill("bela");
            consortium.verify(MEMBERS, 2);
        }
    }
}
