package dev.tapestry.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.ConsortiumEvent.BasePublished;
import dev.tapestry.consortium.ConsortiumEvent.RunEnded;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.MergeRule.Direction;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LoopTest {

    @TempDir Path folder;

    @Test
    void three_members_publish_two_bases() {
        try (Stage stage =
                new Stage(folder, Stage.charter(2)).withMembers("ada", "bela", "chandra")) {
            Digest first = stage.base();
            stage.run(2, new MergeRule(0.7, 0.9, Direction.NORM_PRESERVING));
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
