package dev.tapestry.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.Candidate;
import dev.tapestry.consortium.Charter;
import dev.tapestry.consortium.CodecName;
import dev.tapestry.consortium.CodedStep;
import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.Contribution;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.Finding;
import dev.tapestry.consortium.Late;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.PrimalAveraging;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.consortium.RunPlan;
import dev.tapestry.consortium.Score;
import dev.tapestry.consortium.Wire;
import dev.tapestry.trust.json.CanonicalJson;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code docs/openapi.yaml} says how every event stands in the log. */
class EventContractTest {

    private static final Contract CONTRACT = Contract.published();

    @Test
    void every_event_has_a_schema_and_an_example_here() {
        List<String> events =
                Arrays.stream(ConsortiumEvent.class.getPermittedSubclasses())
                        .map(Class::getSimpleName)
                        .toList();
        assertThat(CONTRACT.events()).containsExactlyInAnyOrderElementsOf(events);
        assertThat(
                        an_event_fits_the_schema_of_its_name_and_no_other()
                                .map(event -> event.getClass().getSimpleName())
                                .collect(Collectors.toSet()))
                .containsExactlyInAnyOrderElementsOf(events);
    }

    @ParameterizedTest
    @MethodSource
    void an_event_fits_the_schema_of_its_name_and_no_other(ConsortiumEvent event) {
        byte[] entry = CanonicalJson.write(event);
        assertThat(CONTRACT.problems(event.getClass().getSimpleName(), entry)).isEmpty();
        assertThat(CONTRACT.problems("ConsortiumEvent", entry)).isEmpty();
    }

    @Test
    void an_event_with_a_member_too_many_or_of_an_unknown_type_fits_none() {
        String entry =
                new String(
                        CanonicalJson.write(
                                (ConsortiumEvent)
                                        new ConsortiumEvent.RoundAbandoned(
                                                new RoundNumber(3), "nobody came", Instant.EPOCH)),
                        StandardCharsets.UTF_8);
        assertThat(CONTRACT.problems("ConsortiumEvent", bytes(entry))).isEmpty();
        assertThat(
                        CONTRACT.problems(
                                "ConsortiumEvent",
                                bytes(entry.replaceFirst("\\{", "{\"more\":1,"))))
                .isNotEmpty();
        assertThat(
                        CONTRACT.problems(
                                "ConsortiumEvent",
                                bytes(entry.replace("round-abandoned", "round-forgotten"))))
                .isNotEmpty();
    }

    /** Documents from before averaging were signed over these bytes. */
    @Test
    void a_plan_without_averaging_says_nothing_of_it() {
        RunPlan plan = Stage.plan(2, MergeRule.fedAvg());
        assertThat(new String(CanonicalJson.write(plan), StandardCharsets.UTF_8))
                .contains("\"training\":{\"batchSequences\":")
                .doesNotContain("averaging");
        assertThat(CanonicalJson.read(CanonicalJson.write(averaged(plan)), RunPlan.class))
                .isEqualTo(averaged(plan));
    }

    private static RunPlan averaged(RunPlan plan) {
        return new RunPlan(
                plan.rounds(),
                plan.training().averaged(PrimalAveraging.over(32)),
                plan.merge(),
                plan.scoringTokens());
    }

    static Stream<ConsortiumEvent> an_event_fits_the_schema_of_its_name_and_no_other() {
        Instant at = Instant.parse("2026-11-23T12:00:00.123456789Z");
        MemberId member = new MemberId("helsinki");
        RoundNumber round = new RoundNumber(3);
        Digest digest = Digest.of(new byte[] {1});
        String key = "ed25519:" + "A".repeat(43);
        RunPlan plan = Stage.plan(2, MergeRule.fedAvg());
        return Stream.of(
                new ConsortiumEvent.Founded(Charter.standard("Nordic law"), key, at),
                new ConsortiumEvent.TokenIssued(member, digest, at.plusSeconds(60), at),
                new ConsortiumEvent.MemberEnrolled(member, digest, key, digest, at),
                new ConsortiumEvent.CertificateRenewed(member, digest, at),
                new ConsortiumEvent.MemberRevoked(member, "key stolen", at),
                new ConsortiumEvent.CoordinatorMoved(key, "https://loom.example:8443", digest, at),
                new ConsortiumEvent.BaseAdopted(digest, "SmolLM2-135M", at),
                new ConsortiumEvent.RunStarted(plan, at),
                new ConsortiumEvent.RunStarted(
                        plan.over(new Wire(Optional.of(new CodecName("int4/1")), Optional.empty())),
                        at),
                new ConsortiumEvent.RunStarted(averaged(plan), at),
                new ConsortiumEvent.RunStarted(plan.sharing(new CodecName("int8/1")), at),
                new ConsortiumEvent.RunEnded(true, "2 bases were published", at),
                new ConsortiumEvent.RunStopped("wrong plan", at),
                new ConsortiumEvent.RoundAnnounced(
                        new RoundPlan(
                                round,
                                digest,
                                plan.training(),
                                plan.merge(),
                                plan.scoringTokens(),
                                List.of(member),
                                at.plusSeconds(60)),
                        at),
                new ConsortiumEvent.ContributionAdmitted(
                        round, new Contribution(member, digest, digest, 1024, 3.25, 0.5), at),
                new ConsortiumEvent.ContributionAdmitted(
                        round,
                        new Contribution(member, digest, digest, 1024, Optional.of(8), 3.25, 0.5),
                        at),
                new ConsortiumEvent.ContributionRefused(
                        round, member, Finding.NON_FINITE, "tensor 'a' holds NaN", at),
                new ConsortiumEvent.ContributionAdmitted(
                        round,
                        new Contribution(member, digest, digest, 320, Optional.of(10), 2, 0.5)
                                .with(Optional.of(new Late(round, 3))),
                        at),
                new ConsortiumEvent.LeasesLapsed(round, List.of(member), at),
                new ConsortiumEvent.ContributionLost(round, member, "damaged on the disk", at),
                new ConsortiumEvent.CollectionClosed(round, List.of(member), at),
                new ConsortiumEvent.CandidateMerged(
                        round,
                        new Candidate(
                                digest,
                                Optional.of(digest),
                                List.of(new Candidate.Weight(member, 1)),
                                Figures.of(0.25, 0.05)),
                        at.plusSeconds(60),
                        at),
                new ConsortiumEvent.CandidateMerged(
                        round,
                        new Candidate(
                                digest,
                                Optional.empty(),
                                Optional.of(
                                        new CodedStep(
                                                new CodecName("int4/1"),
                                                Optional.of(digest),
                                                digest)),
                                Optional.of(digest),
                                List.of(new Candidate.Weight(member, 1)),
                                Figures.of(0.25, 0.05)),
                        at.plusSeconds(60),
                        at),
                new ConsortiumEvent.CandidateScored(round, member, new Score(1.5, 1.75, 9000), at),
                new ConsortiumEvent.BasePublished(round, digest, Optional.empty(), at),
                new ConsortiumEvent.RoundRolledBack(round, "worse", at),
                new ConsortiumEvent.RoundAbandoned(round, "no quorum", at));
    }

    private static byte[] bytes(String json) {
        return json.getBytes(StandardCharsets.UTF_8);
    }
}
