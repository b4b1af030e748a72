package dev.tapestry.acceptance;

import static dev.tapestry.acceptance.SmallConsortium.is;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.ConsortiumEvent.ContributionAdmitted;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A member's machine sleeps through the end of a round, and its work counts all the same. */
@Timeout(900)
class LateMemberTest {

    private static final List<String> MEMBERS = List.of("ada", "bela", "cleo");
    private static final String RULES = "late: {window: PT1H, maxStaleness: 3, discount: 0.5}\n";

    /** So many that who is seen to train has not yet sent anything when it is stopped. */
    private static final int STEPS = 16;

    @TempDir Path directory;

    @Test
    void nobody_waits_for_a_member_that_sleeps_and_what_it_trained_is_merged_later()
            throws IOException {
        try (SmallConsortium consortium = SmallConsortium.founded(directory, MEMBERS, RULES)) {
            consortium.startNode("cleo");
            consortium.runAsynchronously(3, STEPS, 2);
            consortium.awaitLine("cleo", "\"phase\":\"TRAINING\"", "\"round\":1");
            consortium.signal("cleo", "STOP");
            consortium.startNode("ada");
            consortium.startNode("bela");

            consortium.awaitLine("bela", "\"phase\":\"TRAINING\"", "\"round\":2");
            consortium.kill("bela");
            consortium.signal("cleo", "CONT");
            consortium.awaitView(view -> is(view, 3, Phase.PUBLISHED));
            consortium.kill("coordinator");
            consortium.kill("ada");
            consortium.kill("cleo");

            List<ContributionAdmitted> admitted = consortium.admitted();
            assertThat(admitted).hasSize(6);
            assertThat(admitted)
                    .filteredOn(event -> event.contribution().late().isPresent())
                    .singleElement()
                    .satisfies(late -> {
                        assertThat(late.contribution().member().value()).isEqualTo("cleo");
                        assertThat(late.round().value())
                                .as("3 if bela was quicker than her end")
                                .isBetween(2, 3);
                        assertThat(late.contribution().late().orElseThrow().round().value())
                                .isEqualTo(1);
                    });
            consortium.verify(List.of("ada", "cleo"), 3);
        }
    }
}
