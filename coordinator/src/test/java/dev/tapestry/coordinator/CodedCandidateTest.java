package dev.tapestry.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.aggregation.MergeVerification;
import dev.tapestry.aggregation.MergeVerification.Differs;
import dev.tapestry.aggregation.MergeVerification.Matches;
import dev.tapestry.consortium.Candidate;
import dev.tapestry.consortium.CodedStep;
import dev.tapestry.consortium.ConsortiumEvent.CandidateMerged;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.protocol.Accepted;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import dev.tapestry.weights.codec.Codec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CodedCandidateTest {

    private static final Digest OTHER = Digest.of(new byte[] {1});

    @TempDir Path folder;

    @Test
    void candidates_come_as_updates_with_what_earlier_steps_lost_and_can_be_merged_again() {
        try (Stage stage =
                new Stage(folder, Stage.charter(2), 2, 2048).withMembers("ada", "bela")) {
            stage.run(3, MergeRule.diLoCo(0.7, 0.9), CodedMember.both(Codec.INT8, Codec.INT2));
            for (int round = 1; round <= 3; round++) {
                takePart(stage, round);
                RoundView view = stage.member(0).await(round, Phase.SCORING);
                assertThat(
                                new CodedMember(stage.member(0))
                                        .byUpdate(view.candidate().orElseThrow()))
                        .isEqualTo(view.candidate().orElseThrow());
                stage.restart();
                int number = round;
                stage.members.forEach(member -> member.scoreWell(number));
            }
            stage.member(0).await(3, Phase.PUBLISHED);
            List<CodedStep> steps =
                    stage.events(CandidateMerged.class).stream()
                            .map(event -> event.candidate().step().orElseThrow())
                            .toList();
            assertThat(steps.get(0).residualBefore()).isEmpty();
            assertThat(steps.get(1).residualBefore()).contains(steps.get(0).residualAfter());
            assertThat(steps.get(2).residualBefore()).contains(steps.get(1).residualAfter());
            assertThat(verified(stage, 2)).isInstanceOf(Matches.class);
            assertThat(verified(stage, 3)).isInstanceOf(Matches.class);
            assertThat(VerifyLog.of(stage.directory)).isInstanceOf(VerifyLog.Sound.class);
            assertThat(residual(stage, steps.get(0).residualAfter()))
                    .as("round 2 begins with it")
                    .exists();
        }
    }

    @Test
    void a_step_that_is_rolled_back_leaves_the_residual_of_the_base_and_old_ones_are_purged() {
        try (Stage stage =
                new Stage(folder, Stage.charter(2), 1, 2048).withMembers("ada", "bela")) {
            stage.run(3, MergeRule.fedAvg(), CodedMember.both(Codec.INT8, Codec.INT2));
            takePart(stage, 1);
            stage.members.forEach(member -> member.scoreWell(1));
            takePart(stage, 2);
            RoundView scoring = stage.member(0).await(2, Phase.SCORING);
            stage.members.forEach(m -> m.score(scoring, 3, 2).as(200, Accepted.class));
            takePart(stage, 3);
            stage.members.forEach(member -> member.scoreWell(3));
            takePart(stage, 4);
            stage.member(0).await(4, Phase.SCORING);
            List<CodedStep> steps =
                    stage.events(CandidateMerged.class).stream()
                            .map(event -> event.candidate().step().orElseThrow())
                            .toList();
            Digest first = steps.get(0).residualAfter();
            assertThat(steps.get(1).residualBefore()).contains(first);
            assertThat(steps.get(2).residualBefore()).contains(first);
            assertThat(residual(stage, first)).as("round 3 began with it").exists();
            assertThat(residual(stage, steps.get(1).residualAfter())).doesNotExist();
            assertThat(residual(stage, steps.get(2).residualAfter())).exists();
        }
    }

    @Test
    void a_coordinator_that_says_another_residual_is_found_out() throws IOException {
        try (Stage stage =
                new Stage(folder, Stage.charter(2), 2, 2048).withMembers("ada", "bela")) {
            stage.run(1, MergeRule.fedAvg(), CodedMember.both(Codec.INT8, Codec.INT2));
            takePart(stage, 1);
            stage.members.forEach(member -> member.scoreWell(1));
            stage.member(0).await(1, Phase.PUBLISHED);
            stage.stop();
            ForgedLog log = new ForgedLog(stage.directory);
            log.tell(CandidateMerged.class, e -> with(e, Optional.empty(), OTHER));
            assertThat(verified(stage, 1))
                    .isInstanceOfSatisfying(
                            Differs.class,
                            it ->
                                    assertThat(it.differences())
                                            .anyMatch(d -> d.startsWith("step:")));
            log.tell(CandidateMerged.class, e -> with(e, Optional.of(OTHER), OTHER));
            assertThat(VerifyLog.of(stage.directory)).isInstanceOf(VerifyLog.Unsound.class);
            log.tellTheTruth();
            assertThat(verified(stage, 1)).isInstanceOf(Matches.class);
            stage.resume();
        }
    }

    @Test
    void a_residual_that_is_damaged_or_gone_is_not_believed() throws IOException {
        ResidualStore store =
                new ResidualStore(folder.resolve("residuals"), SharedFiles.own(folder));
        Path file = Files.write(folder.resolve("e.safetensors"), new byte[10]);
        Digest digest = ResidualStore.digest(file);
        assertThatThrownBy(() -> store.intact(digest)).hasMessageContaining("no longer");
        store.adopt(file, digest);
        assertThat(store.intact(digest)).exists();
        Files.write(store.file(digest), new byte[11]);
        assertThatThrownBy(() -> store.intact(digest)).hasMessageContaining("is damaged, restore");
    }

    private static void takePart(Stage stage, int round) {
        stage.members.forEach(member -> {
            RoundView view = member.await(round, Phase.COLLECTING);
            new CodedMember(member)
                    .contribute(view, Codec.INT8, round * 31L + member.id.hashCode())
                    .as(200, Accepted.class);
        });
    }

    private static Path residual(Stage stage, Digest digest) {
        return stage.directory.resolve("residuals").resolve(digest + ".safetensors");
    }

    private static MergeVerification verified(Stage stage, int round) {
        return VerifyMerge.of(stage.directory, new RoundNumber(round));
    }

    private static CandidateMerged with(
            CandidateMerged event, Optional<Digest> before, Digest after) {
        Candidate candidate = event.candidate();
        CodedStep step = candidate.step().orElseThrow();
        return new CandidateMerged(
                event.round(),
                new Candidate(
                        candidate.model(),
                        candidate.momentum(),
                        Optional.of(new CodedStep(step.codec(), before, after)),
                        Optional.empty(),
                        candidate.weights(),
                        candidate.figures()),
                event.scoringClosesAt(),
                event.at());
    }
}
