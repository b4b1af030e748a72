package dev.tapestry.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.Standstill;
import dev.tapestry.consortium.protocol.Activity;
import dev.tapestry.consortium.protocol.Activity.Doing;
import dev.tapestry.consortium.protocol.Hindrance;
import dev.tapestry.consortium.protocol.PresenceView;
import dev.tapestry.consortium.protocol.RevocationRequest;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import dev.tapestry.consortium.protocol.RoundWork;
import dev.tapestry.consortium.protocol.RoundWork.Step;
import dev.tapestry.trust.json.CanonicalJson;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** For whatever a run waits, the log says it, and so does everything else that can be asked. */
final class SilentWaitTest {

    private static final Duration MINUTE = Duration.ofMinutes(1);

    @TempDir Path folder;

    private static PresenceView view(Stage stage) {
        return stage.steward.get("/v1/presence").as(200, PresenceView.class);
    }

    /** What the log says once nothing has changed for a minute. */
    private static Optional<String> afterAMinute(Stage stage) {
        stage.coordinator.waits().due();
        stage.clock.advance(MINUTE);
        return stage.coordinator.waits().due();
    }

    @Test
    void members_that_are_missing_are_told_once_a_minute_while_nothing_changes() {
        try (Stage stage = new Stage(folder, Stage.charter(1)).withMembers("ada", "bela")) {
            assertThat(afterAMinute(stage)).as("nothing runs").isEmpty();
            stage.run(1, MergeRule.fedAvg());
            TestMember bela = stage.member(1);
            stage.member(0).takePart(1, Stage.SEED);
            Activity training = Activity.of(1, Doing.TRAINING, 7, 9);
            bela.client.put("/v1/activity", CanonicalJson.write(training));
            assertThat(afterAMinute(stage).orElseThrow())
                    .matches(
                            "round 1 collecting: 1 of 2 in; missing: bela, last seen 6\\d s ago,"
                                    + " training, step 7 of 9; until .* UTC \\(in \\d+ (s|min)\\)");
            stage.clock.advance(MINUTE.minusSeconds(1));
            assertThat(stage.coordinator.waits().due()).as("the minute is not over").isEmpty();
        }
    }

    @Test
    void a_merge_tells_how_far_it_is_and_that_it_does_not_move() throws InterruptedException {
        try (Stage stage =
                new Stage(
                                folder,
                                Stage.charter(1)
                                        .withStragglers(Optional.of(MINUTE), Optional.empty()),
                                2,
                                2048)
                        .withMembers("ada")) {
            Set<Step> seen = ConcurrentHashMap.newKeySet();
            CountDownLatch held = new CountDownLatch(1);
            CountDownLatch release = new CountDownLatch(1);
            stage.clock.whenTheRoundDeskLooks(() -> {
                Optional<RoundWork> work = stage.coordinator.presence().view(stage.state()).work();
                work.ifPresent(it -> seen.add(it.step()));
                if (work.filter(it -> it.step() == Step.MERGING && it.done() > 0).isPresent()) {
                    held.countDown();
                    uninterrupted(release);
                }
            });
            stage.run(1, MergeRule.fedAvg());
            stage.member(0).takePart(1, Stage.SEED);
            held.await();

            RoundWork work = view(stage).work().orElseThrow();
            assertThat(work.round()).isEqualTo(1);
            assertThat(work.part()).isEqualTo(1);
            assertThat(work.parts()).isGreaterThan(1);
            assertThat(work.done()).isBetween(1L, work.all() - 1);
            String line = afterAMinute(stage).orElseThrow();
            assertThat(line)
                    .startsWith("round 1 merging: merging shard 1 of %d, ".formatted(work.parts()))
                    .contains(" %, since ")
                    .contains("the coordinator itself is hindered: STALLED");
            assertThat(view(stage).hindrance().map(Hindrance::code)).contains("STALLED");
            assertThat(stage.steward.get("/v1/metrics").text())
                    .contains("tapestry_coordinator_work_ratio{step=\"MERGING\"} 0.")
                    .contains("tapestry_coordinator_hindered_timestamp_seconds{code=\"STALLED\"}");

            release.countDown();
            stage.member(0).await(1, Phase.SCORING);
            stage.member(0).scoreWell(1);
            stage.member(0).await(1, Phase.PUBLISHED);
            assertThat(view(stage).work()).isEmpty();
            assertThat(view(stage).hindrance()).isEmpty();
            assertThat(seen).contains(Step.INSPECTING, Step.REBASING, Step.MERGING, Step.KEEPING);
        }
    }

    @Test
    void a_run_without_a_quorum_says_so_until_another_member_is_there() {
        try (Stage stage = new Stage(folder, Stage.charter(2)).withMembers("ada")) {
            stage.coordinator.waits().due();
            stage.run(2, MergeRule.fedAvg());
            String why =
                    "BELOW_QUORUM: 1 of 2 members that the charter's quorum asks for are enrolled; invite another (tapestry member invite)";
            RoundView view = stage.member(0).round();
            assertThat(view.phase()).isEqualTo(Phase.IDLE);
            assertThat(view.reason()).isEqualTo(why);
            assertThat(view(stage).standstill().orElseThrow().code())
                    .isEqualTo(Standstill.Code.BELOW_QUORUM);
            assertThat(stage.coordinator.waits().due()).as("at once").contains("idle: " + why);
            assertThat(stage.coordinator.waits().due()).isEmpty();
            assertThat(afterAMinute(stage)).as("and while it lasts").contains("idle: " + why);
            assertThat(stage.steward.get("/v1/metrics").text())
                    .contains("tapestry_run_standstill{code=\"BELOW_QUORUM\"} 1.0");

            stage.withMembers("bela");
            assertThat(stage.member(0).await(1, Phase.COLLECTING).reason()).isEmpty();
            assertThat(view(stage).standstill()).isEmpty();
            assertThat(stage.steward.get("/v1/metrics").text())
                    .doesNotContain("tapestry_run_standstill{");

            stage.steward.post("/v1/members/bela/revocation", new RevocationRequest("left"));
            RoundView after = stage.member(0).round();
            assertThat(after.phase()).isEqualTo(Phase.ABANDONED);
            assertThat(after.reason())
                    .startsWith("0 of 2 contributions needed; missing: ")
                    .endsWith("; " + why);
        }
    }

    private static void uninterrupted(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
