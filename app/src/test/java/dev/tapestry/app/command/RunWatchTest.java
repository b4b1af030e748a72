package dev.tapestry.app.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import dev.tapestry.coordinator.Coordinator;
import dev.tapestry.coordinator.CoordinatorConfig;
import dev.tapestry.trust.json.CanonicalJson;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run that nobody takes part in, as a script sees it. */
final class RunWatchTest {

    @TempDir Path directory;

    @Test
    void each_change_is_a_line_and_a_run_without_new_bases_ends_with_1() throws IOException {
        Path consortium = directory.resolve("consortium");
        // Three rounds of this: the watch is there before the last one ends.
        Path charter = Tiny.charter(directory.resolve("charter.yaml"), "PT4S");
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
}
