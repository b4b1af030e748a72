package dev.tapestry.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.Aggregator;
import dev.tapestry.consortium.ConsortiumEvent.BasePublished;
import dev.tapestry.consortium.ConsortiumEvent.RunEnded;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.OuterOptimizer;
import dev.tapestry.consortium.protocol.Accepted;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import dev.tapestry.consortium.protocol.StopRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LoopTest {

    @TempDir Path folder;

    @Test
    void a_file_that_cannot_be_deleted_does_not_stop_the_run() throws IOException {
        try (Stage stage = new Stage(folder, Stage.charter(1), 1, 4096).withMembers("ada");
                Undeletable undeletable =
                        Undeletable.in(stage.directory.resolve("contributions/99"), folder)) {
            Path momentum = stage.directory.resolve("momenta/outer-state-" + "0".repeat(64));
            Files.createDirectories(momentum);
            stage.run(2, MergeRule.fedAvg());
            for (int round = 1; round <= 2; round++) {
                stage.member(0).takePart(round, Stage.SEED + round);
                stage.member(0).scoreWell(round);
            }
            stage.member(0).await(2, Phase.PUBLISHED);
            assertThat(undeletable.isThere()).isTrue();
            assertThat(momentum).as("what is of another kind is deleted").doesNotExist();
        }
    }

    /**
     * Folders nested so deeply that no path reaches the innermost: not even root can delete them
     * from above.
     *
     * @param outer the outermost
     * @param joint a folder within it, whose children can be moved away to make all deletable
     * @param aside where to
     */
    private record Undeletable(Path outer, Path joint, Path aside) implements AutoCloseable {

        private static final int DEPTH = 12;

        static Undeletable in(Path outer, Path scratch) throws IOException {
            Path aside = scratch.resolve("deep");
            nested(aside);
            Path joint = nested(outer);
            Files.move(aside, joint.resolve("deep"));
            return new Undeletable(outer, joint, aside);
        }

        private static Path nested(Path folder) throws IOException {
            Path innermost = folder;
            for (int i = 0; i < DEPTH; i++) {
                innermost = innermost.resolve("n".repeat(200));
            }
            return Files.createDirectories(innermost);
        }

        boolean isThere() {
            return Files.isDirectory(joint.resolve("deep"));
        }

        @Override
        public void close() throws IOException {
            Files.move(joint.resolve("deep"), aside);
        }
    }

    @Test
    void a_run_is_stopped_in_the_middle_of_a_round_and_what_was_sent_can_be_sent_again() {
        try (Stage stage = new Stage(folder, Stage.charter(2)).withMembers("ada", "bela")) {
            assertThat(stage.steward.post("/v1/runs/stop", new StopRequest("none")).code())
                    .isEqualTo("NO_RUN");
            stage.run(5, MergeRule.fedAvg());
            TestMember ada = stage.member(0);
            ada.takePart(1, Stage.SEED);
            assertThat(stage.steward.post("/v1/runs/stop", new StopRequest(" ")).code())
                    .isEqualTo("BAD_REQUEST");
            stage.steward
                    .post("/v1/runs/stop", new StopRequest("wrong plan"))
                    .as(200, Accepted.class);
            RoundView stopped = ada.await(1, Phase.ABANDONED);
            assertThat(stopped.roundsPlanned()).isZero();
            assertThat(stopped.ending()).contains("wrong plan");

            stage.restart();
            stage.run(1, MergeRule.fedAvg());
            stage.members.forEach(member -> member.takePart(2, Stage.SEED + member.hashCode()));
            stage.members.forEach(member -> member.scoreWell(2));
            ada.await(2, Phase.PUBLISHED);
            assertThat(VerifyLog.of(stage.directory).toString()).isNotEmpty();
        }
    }

    @Test
    void a_plan_whose_sequences_the_base_cannot_take_is_refused() {
        try (Stage stage = new Stage(folder, Stage.charter(1)).withMembers("ada")) {
            Answer refused = stage.steward.post("/v1/runs", Stage.plan(1, MergeRule.fedAvg(), 65));
            assertThat(refused.code()).isEqualTo("PLAN_REFUSED");
            assertThat(refused.text()).contains("SEQUENCE_TOO_LONG", "65", "64");
            stage.steward
                    .post("/v1/runs", Stage.plan(1, MergeRule.fedAvg(), 64))
                    .as(201, Accepted.class);
        }
    }

    @Test
    void three_members_publish_two_bases() {
        try (Stage stage =
                new Stage(folder, Stage.charter(2)).withMembers("ada", "bela", "chandra")) {
            Digest first = stage.base();
            stage.run(
                    2,
                    MergeRule.of(OuterOptimizer.diLoCo(0.7, 0.9), new Aggregator.NormPreserving()));
            for (int round = 1; round <= 2; round++) {
                int number = round;
                stage.members.forEach(member -> member.takePart(number, member.hashCode()));
                stage.members.forEach(member -> member.scoreWell(number));
            }
            stage.member(0).await(2, Phase.PUBLISHED);
            List<BasePublished> bases = stage.events(BasePublished.class);
            assertThat(bases).hasSize(2);
            assertThat(stage.base()).isEqualTo(bases.getLast().base()).isNotEqualTo(first);
            assertThat(bases).allMatch(base -> base.momentum().isPresent());
            stage.member(0).fetch(stage.base());
            assertThat(stage.events(RunEnded.class)).allMatch(RunEnded::complete);
        }
    }
}
