package dev.tapestry.acceptance;

import static dev.tapestry.acceptance.SmallConsortium.is;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Power cuts in the middle of a run. */
@Timeout(600)
class KillTest {

    private static final List<String> MEMBERS = List.of("ada", "bela", "carl");

    @TempDir Path directory;

    @Test
    void a_run_ends_whole_although_node_and_coordinator_are_killed_while_they_work()
            throws IOException {
        try (SmallConsortium consortium = SmallConsortium.founded(directory, MEMBERS)) {
            consortium.run(4, 6);
            MEMBERS.forEach(consortium::startNode);

            // A node in the middle of training.
            consortium.awaitLine("bela", "\"round\":1", "\"step\":2,");
            consortium.kill("bela");
            consortium.startNode("bela");

            // A node that sends; then the coordinator, which waits for it and has the others'.
            consortium.awaitLine("carl", "\"phase\":\"SENDING\"", "\"round\":2");
            consortium.kill("carl");
            consortium.awaitView(view ->
                    is(view, 2, Phase.COLLECTING) && view.awaited().size() < MEMBERS.size());
            consortium.kill("coordinator");
            consortium.startCoordinator();
            consortium.startNode("carl");

            // The coordinator as soon as all have contributed: merging, or just done with it.
            consortium.awaitView(view -> is(view, 3, Phase.MERGING) || is(view, 3, Phase.SCORING));
            consortium.kill("coordinator");
            consortium.startCoordinator();

            // A node that scores; then the coordinator, which waits for it and has the others'
            // scores, unless the node was quicker than the kill.
            consortium.awaitLine("carl", "\"phase\":\"SCORING\"", "\"round\":4");
            consortium.kill("carl");
            consortium.awaitView(view ->
                    (is(view, 4, Phase.SCORING) && view.awaited().size() < MEMBERS.size())
                            || view.roundsPlanned() == 0);
            consortium.kill("coordinator");
            consortium.startCoordinator();
            consortium.startNode("carl");

            RoundView last = consortium.awaitView(view -> view.roundsPlanned() == 0);
            assertThat(last.phase()).as(last.reason()).isEqualTo(Phase.PUBLISHED);
            assertThat(is(last, 4, Phase.PUBLISHED)).isTrue();
            String base = last.base().orElseThrow().hex();
            for (String member : MEMBERS) {
                consortium.awaitLine(member, "base-believed", base);
            }
            consortium.kill("coordinator");
            MEMBERS.forEach(consortium::kill);

            consortium.verify(MEMBERS, 4);
        }
    }
}
