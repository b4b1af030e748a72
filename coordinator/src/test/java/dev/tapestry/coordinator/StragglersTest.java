package dev.tapestry.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tapestry.aggregation.MergeVerification.Matches;
import dev.tapestry.consortium.Candidate;
import dev.tapestry.consortium.Charter;
import dev.tapestry.consortium.ConsortiumEvent.CandidateMerged;
import dev.tapestry.consortium.ConsortiumEvent.CollectionClosed;
import dev.tapestry.consortium.ConsortiumEvent.ContributionAdmitted;
import dev.tapestry.consortium.ConsortiumEvent.ContributionRefused;
import dev.tapestry.consortium.ConsortiumEvent.LeasesLapsed;
import dev.tapestry.consortium.Contribution;
import dev.tapestry.consortium.Late;
import dev.tapestry.consortium.LateRule;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.protocol.Accepted;
import dev.tapestry.consortium.protocol.Activity;
import dev.tapestry.consortium.protocol.Activity.Doing;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.weights.FloatConversion;
import dev.tapestry.weights.ModelDirectory;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the charter does about members that are slow, silent or away. */
final class StragglersTest {

    private static final Duration DEADLINE = Duration.ofMinutes(5);
    private static final Duration LEASE = Duration.ofMinutes(1);
    private static final LateRule LATE = new LateRule(Duration.ofHours(2), 2, 1);

    @TempDir Path folder;

    private Stage stage(Optional<Duration> lease, Optional<LateRule> late) {
        Charter charter = Stage.charter(2).withStragglers(lease, late);
        return new Stage(folder, charter, 1, 2048).withMembers("ada", "bela", "cleo");
    }

    @Test
    void what_is_ready_after_its_round_has_closed_is_merged_on_top_of_the_next_base() {
        try (Stage stage = stage(Optional.empty(), Optional.of(LATE))) {
            stage.run(2, MergeRule.fedAvg());
            TestMember cleo = stage.member(2);
            RoundView first = cleo.await(1, Phase.COLLECTING);
            Path trained = cleo.train(first.plan().orElseThrow(), 33);
            takePart(stage, 1, 0, 1);
            stage.pass(DEADLINE);
            cleo.await(1, Phase.SCORING);
            assertThat(cleo.contribute(first, trained).code()).isEqualTo("ROUND_CLOSED");
            assertThat(stage.events(ContributionRefused.class)).isEmpty();
            stage.members.forEach(member -> member.scoreWell(1));

            RoundView second = cleo.await(2, Phase.COLLECTING);
            assertThat(second.late())
                    .extracting(RoundView.LateWindow::round)
                    .containsExactly(new RoundNumber(1));
            stage.restart();
            cleo.contribute(first, trained).as(200, Accepted.class);
            cleo.contribute(first, trained).as(200, Accepted.class); // asks twice, is told the same
            assertThat(cleo.round().awaited()).doesNotContain(cleo.id);
            Path ada = takePart(stage, 2, 0, 1);
            RoundView merged = cleo.await(2, Phase.SCORING);

            Contribution late = contribution(stage, cleo.id);
            assertThat(late.late()).contains(new Late(new RoundNumber(1), 1));
            List<Candidate.Weight> weights =
                    stage.events(CandidateMerged.class).getLast().candidate().weights();
            assertThat(weight(weights, cleo.id))
                    .as("one base behind, at a discount of 1: half a claim")
                    .isCloseTo(0.2, within(1e-9));
            assertMerged(
                    cleo.fetch(merged.candidate().orElseThrow()),
                    weights,
                    List.of(ada, stage.member(1).train(second.plan().orElseThrow(), 2 * 10 + 1)),
                    trained,
                    cleo.fetch(first.plan().orElseThrow().base()),
                    cleo.fetch(second.plan().orElseThrow().base()));
            assertThat(VerifyMerge.of(stage.directory, new RoundNumber(2)))
                    .isInstanceOf(Matches.class);
            Path receipt = folder.resolve("receipt");
            MergeReceipt.write(stage.directory, new RoundNumber(2), receipt);
            assertThat(MergeReceipt.verify(receipt, VerifyBundle.Demands.NONE).problem())
                    .as("also with what was trained for the round before")
                    .isEmpty();
            stage.members.forEach(member -> member.scoreWell(2));
            cleo.await(2, Phase.PUBLISHED);
            assertThat(VerifyLog.of(stage.directory)).isInstanceOf(VerifyLog.Sound.class);
        }
    }

    @Test
    void after_the_window_or_twice_or_by_a_charter_without_it_nothing_is_taken_late() {
        try (Stage stage = stage(Optional.empty(), Optional.of(LATE))) {
            stage.run(3, MergeRule.fedAvg());
            TestMember cleo = stage.member(2);
            RoundView first = cleo.await(1, Phase.COLLECTING);
            Path trained = cleo.train(first.plan().orElseThrow(), 33);
            Path other = cleo.train(first.plan().orElseThrow(), 34);
            closeWithout(stage, 1);
            cleo.await(2, Phase.COLLECTING);
            cleo.contribute(first, trained).as(200, Accepted.class);
            takePart(stage, 2, 0, 1);
            stage.members.forEach(member -> member.scoreWell(2));

            cleo.await(3, Phase.COLLECTING);
            assertThat(cleo.contribute(first, other).code())
                    .as("round 1 has had its contribution")
                    .isEqualTo("STALE_ROUND");
            TestMember ada = stage.member(0);
            assertThat(ada.contribute(first, ada.train(first.plan().orElseThrow(), 35)).code())
                    .as("ada was in time")
                    .isEqualTo("STALE_ROUND");
        }
    }

    @Test
    void a_contribution_that_comes_after_the_window_is_refused_with_its_end() {
        try (Stage stage = stage(Optional.empty(), Optional.of(new LateRule(LEASE, 2, 1)))) {
            stage.run(2, MergeRule.fedAvg());
            TestMember cleo = stage.member(2);
            RoundView first = cleo.await(1, Phase.COLLECTING);
            Path trained = cleo.train(first.plan().orElseThrow(), 33);
            closeWithout(stage, 1);
            cleo.await(2, Phase.COLLECTING);
            stage.pass(LEASE.plusSeconds(1));
            Answer refused = cleo.contribute(first, trained);
            assertThat(refused.code()).isEqualTo("STALE_ROUND");
            assertThat(refused.text()).contains("are taken until").contains("train in round 2");
        }
    }

    @Test
    void a_round_that_was_abandoned_gives_back_what_it_had_admitted() {
        try (Stage stage = stage(Optional.empty(), Optional.of(LATE))) {
            stage.run(2, MergeRule.fedAvg());
            TestMember ada = stage.member(0);
            RoundView first = ada.await(1, Phase.COLLECTING);
            Path trained = ada.train(first.plan().orElseThrow(), 33);
            ada.contribute(first, trained).as(200, Accepted.class);
            stage.pass(DEADLINE);
            ada.await(2, Phase.COLLECTING);
            ada.contribute(first, trained).as(200, Accepted.class);
            assertThat(contribution(stage, ada.id).late())
                    .as("no base has come since")
                    .contains(new Late(new RoundNumber(1), 0));
            takePart(stage, 2, 1, 2);
            ada.await(2, Phase.SCORING);
            assertThat(VerifyMerge.of(stage.directory, new RoundNumber(2)))
                    .isInstanceOf(Matches.class);
        }
    }

    @Test
    void a_round_goes_on_without_members_that_are_silent_for_a_lease() {
        try (Stage stage = stage(Optional.of(LEASE), Optional.empty())) {
            stage.run(1, MergeRule.fedAvg());
            TestMember cleo = stage.member(2);
            takePart(stage, 1, 0, 1);
            tell(cleo, 1);
            stage.pass(LEASE.minusSeconds(1));
            tell(cleo, 2);
            stage.pass(LEASE.minusSeconds(1));
            stage.looked();
            assertThat(cleo.round().phase())
                    .as("it trains: it is waited for")
                    .isEqualTo(Phase.COLLECTING);
            stage.clock.set(Duration.ofSeconds(60));
            stage.looked();
            assertThat(cleo.round().phase())
                    .as("a clock that is set lapses nobody")
                    .isEqualTo(Phase.COLLECTING);
            tell(cleo, 2);
            stage.pass(Duration.ofSeconds(1));
            cleo.await(1, Phase.SCORING);
            assertThat(stage.events(LeasesLapsed.class).getFirst().members())
                    .containsExactly(cleo.id);
            assertThat(stage.events(CollectionClosed.class).getFirst().missing())
                    .containsExactly(cleo.id);

            stage.member(0).scoreWell(1);
            stage.member(1).scoreWell(1);
            stage.pass(LEASE);
            cleo.await(1, Phase.PUBLISHED);
            assertThat(stage.events(LeasesLapsed.class)).hasSize(2);
            assertThat(VerifyLog.of(stage.directory)).isInstanceOf(VerifyLog.Sound.class);
        }
    }

    @Test
    void one_that_has_left_is_passed_over_at_once_and_one_that_comes_back_is_not() {
        try (Stage stage = stage(Optional.of(LEASE), Optional.empty())) {
            stage.run(3, MergeRule.fedAvg());
            TestMember ada = stage.member(0);
            takePart(stage, 1, 0, 1);
            stage.pass(LEASE);
            ada.await(1, Phase.SCORING);
            score(stage, 1, 0, 1);

            takePart(stage, 2, 0, 1); // no time passes any more
            ada.await(2, Phase.SCORING);
            score(stage, 2, 0, 1);
            stage.member(2).await(3, Phase.COLLECTING);
            assertThat(stage.events(LeasesLapsed.class)).hasSize(4);

            takePart(stage, 3, 0, 1, 2);
            ada.await(3, Phase.SCORING);
            assertThat(stage.events(CollectionClosed.class).getLast().missing()).isEmpty();
            assertThat(VerifyLog.of(stage.directory)).isInstanceOf(VerifyLog.Sound.class);
        }
    }

    private static void score(Stage stage, int round, int... members) {
        for (int index : members) {
            stage.member(index).scoreWell(round);
        }
    }

    @Test
    void nobody_lapses_before_a_quorum_is_in() {
        try (Stage stage = stage(Optional.of(LEASE), Optional.empty())) {
            stage.run(1, MergeRule.fedAvg());
            takePart(stage, 1, 0);
            stage.pass(LEASE.multipliedBy(3));
            stage.looked();
            assertThat(stage.member(0).round().phase()).isEqualTo(Phase.COLLECTING);
            takePart(stage, 1, 1);
            stage.member(0).await(1, Phase.SCORING);
        }
    }

    @Test
    void an_asynchronous_round_waits_for_a_number_and_takes_the_slow_one_later() {
        try (Stage stage = stage(Optional.empty(), Optional.of(LATE))) {
            stage.steward
                    .post("/v1/runs", Stage.plan(3, MergeRule.fedAvg()).buffering(2))
                    .as(201, Accepted.class);
            TestMember cleo = stage.member(2);
            RoundView first = cleo.await(1, Phase.COLLECTING);
            Path trained = cleo.train(first.plan().orElseThrow(), 33);
            takePart(stage, 1, 0, 1);
            stage.member(0).scoreWell(1);
            stage.member(1).scoreWell(1);
            cleo.await(2, Phase.COLLECTING);
            takePart(stage, 2, 0);
            cleo.contribute(first, trained).as(200, Accepted.class);
            stage.member(0).scoreWell(2);
            stage.member(1).scoreWell(2);
            cleo.await(3, Phase.COLLECTING);
            assertThat(stage.events(ContributionAdmitted.class))
                    .as("two a round, the slow one's among them")
                    .hasSize(4);
        }
    }

    @Test
    void an_asynchronous_plan_needs_a_charter_that_takes_contributions_late() {
        try (Stage stage = stage(Optional.empty(), Optional.empty())) {
            assertThat(refused(stage, 2)).contains("ASYNCHRONOUS_DROPS");
            assertThat(refused(stage, 1)).contains("BUFFER_BELOW_QUORUM");
        }
    }

    private static String refused(Stage stage, int buffer) {
        Answer answer =
                stage.steward.post("/v1/runs", Stage.plan(3, MergeRule.fedAvg()).buffering(buffer));
        assertThat(answer.code()).isEqualTo("PLAN_REFUSED");
        return answer.text();
    }

    /** These members contribute; gives the weights of the first. */
    private static Path takePart(Stage stage, int round, int... members) {
        Path first = Path.of("");
        for (int index : members) {
            TestMember member = stage.member(index);
            RoundView view = member.await(round, Phase.COLLECTING);
            Path weights = member.train(view.plan().orElseThrow(), round * 10L + index);
            member.contribute(view, weights).as(200, Accepted.class);
            first = index == members[0] ? weights : first;
        }
        return first;
    }

    /** A round of the first two members, that the deadline closes and everybody scores. */
    private static void closeWithout(Stage stage, int round) {
        takePart(stage, round, 0, 1);
        stage.pass(DEADLINE);
        stage.members.forEach(member -> member.scoreWell(round));
    }

    private static Contribution contribution(Stage stage, MemberId member) {
        return stage.events(ContributionAdmitted.class).stream()
                .map(ContributionAdmitted::contribution)
                .filter(contribution -> contribution.member().equals(member))
                .toList()
                .getLast();
    }

    private static double weight(List<Candidate.Weight> weights, MemberId member) {
        return weights.stream()
                .filter(weight -> weight.member().equals(member))
                .findFirst()
                .orElseThrow()
                .value();
    }

    /** θ₂ − Σ w (θ₂ − θₘ), where the late one's θₘ is θ₂ + (θₗ − θ₁). */
    private static void assertMerged(
            Path candidate,
            List<Candidate.Weight> weights,
            List<Path> inTime,
            Path late,
            Path firstBase,
            Path secondBase) {
        String name = "model.norm.weight";
        try (ModelDirectory made = ModelDirectory.open(candidate);
                ModelDirectory ada = ModelDirectory.open(inTime.getFirst());
                ModelDirectory bela = ModelDirectory.open(inTime.getLast());
                ModelDirectory cleo = ModelDirectory.open(late);
                ModelDirectory old = ModelDirectory.open(firstBase);
                ModelDirectory base = ModelDirectory.open(secondBase)) {
            for (long i = 0; i < made.tensor(name).elements(); i++) {
                double theta = at(base.data(name), i);
                double rebased = theta + (at(cleo.data(name), i) - at(old.data(name), i));
                double expected =
                        theta
                                - weights.get(0).value() * (theta - at(ada.data(name), i))
                                - weights.get(1).value() * (theta - at(bela.data(name), i))
                                - weights.get(2).value() * (theta - rebased);
                assertThat((double) at(made.data(name), i)).isCloseTo(expected, within(1e-6));
            }
        }
    }

    private static float at(MemorySegment data, long index) {
        return data.getAtIndex(FloatConversion.FLOAT_LE, index);
    }

    private static void tell(TestMember member, int step) {
        Activity activity = Activity.of(1, Doing.TRAINING, step, 60);
        assertThat(member.client.put("/v1/activity", CanonicalJson.write(activity)).status())
                .isEqualTo(204);
    }
}
