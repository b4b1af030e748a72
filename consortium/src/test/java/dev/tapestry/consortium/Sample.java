package dev.tapestry.consortium;

import dev.tapestry.consortium.ConsortiumEvent.BaseAdopted;
import dev.tapestry.consortium.ConsortiumEvent.Founded;
import dev.tapestry.consortium.ConsortiumEvent.MemberEnrolled;
import dev.tapestry.consortium.ConsortiumEvent.RunStarted;
import dev.tapestry.consortium.ConsortiumEvent.TokenIssued;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The consortium of the stories: a lab, a bank and a clinic, with a quorum of two. */
final class Sample {

    static final Instant NOON = Instant.parse("2026-06-01T12:00:00Z");
    static final MemberId LAB = new MemberId("lab");
    static final MemberId BANK = new MemberId("bank");
    static final MemberId CLINIC = new MemberId("clinic");
    static final MemberId STRANGER = new MemberId("stranger");
    static final Digest BASE = digest("base");
    static final Digest PLAN = digest("plan");
    static final Charter CHARTER = Charter.standard("Sample");

    private Sample() {}

    static Digest digest(String text) {
        return Digest.of(text.getBytes(StandardCharsets.UTF_8));
    }

    static LocalTraining training() {
        return new LocalTraining(
                10,
                LocalTraining.Optimizer.MUON,
                0.02,
                0.1,
                LocalTraining.Schedule.COSINE,
                100,
                10_000,
                4,
                64,
                0.1,
                1,
                7);
    }

    static RunPlan run(int rounds) {
        return new RunPlan(rounds, training(), MergeRule.fedAvg(), 1000);
    }

    static RoundPlan plan(MemberId... invited) {
        return new RoundPlan(
                new RoundNumber(1),
                BASE,
                training(),
                MergeRule.fedAvg(),
                1000,
                List.of(invited),
                NOON.plus(CHARTER.roundDeadline()));
    }

    static ModelManifest weights(String name, long bytes) {
        ModelManifest.Part part = new ModelManifest.Part(digest(name), bytes);
        return new ModelManifest(
                List.of(new ModelManifest.File("model.safetensors", bytes, List.of(part))));
    }

    /** A contribution by the sample's plan to round 1. */
    static ContributionManifest manifest(MemberId member) {
        return new ContributionManifest(
                new RoundNumber(1),
                member,
                BASE,
                PLAN,
                weights(member.value(), 100),
                training().tokensPerRound(),
                training().steps(),
                2.5);
    }

    static Contribution contribution(MemberId member) {
        return contribution(member, "weights of " + member);
    }

    static Contribution contribution(MemberId member, String weights) {
        return new Contribution(
                member, digest("envelope of " + weights), digest(weights), 2560, 2.5, 0.1);
    }

    static Candidate candidate(MemberId... members) {
        return new Candidate(
                digest("candidate"),
                Optional.of(digest("momentum")),
                Stream.of(members)
                        .map(member -> new Candidate.Weight(member, 1.0 / members.length))
                        .toList(),
                figures(0.25, 0.05));
    }

    /**
     * Figures of a merge; with a ratio of 1/4 the sample's contributions make an update of 0.05.
     */
    static MergeFigures figures(double normRatio, double updateNorm) {
        return new MergeFigures(
                1,
                Optional.of(0.0),
                updateNorm,
                List.of(
                        new MergeFigures.Agreement(
                                MergeFigures.ALL,
                                normRatio,
                                Optional.empty(),
                                Optional.empty(),
                                Optional.empty(),
                                Optional.empty())));
    }

    /** A score of a candidate that is better than the base by so much. */
    static Score better(double bitsPerByte) {
        return new Score(2 - bitsPerByte, 2, 1000);
    }

    static List<ConsortiumEvent> enrolment(MemberId member, Instant at) {
        Digest secret = digest("secret of " + member + at);
        return List.of(
                new TokenIssued(member, secret, at.plus(Duration.ofDays(7)), at),
                new MemberEnrolled(
                        member,
                        digest("certificate of " + member),
                        "key of " + member,
                        secret,
                        at));
    }

    /** A consortium with a base, these members and a run that has not announced a round yet. */
    static List<ConsortiumEvent> history(Charter charter, RunPlan run, MemberId... members) {
        List<ConsortiumEvent> events = new ArrayList<>();
        events.add(new Founded(charter, "key of the coordinator", NOON));
        for (MemberId member : members) {
            events.addAll(enrolment(member, NOON));
        }
        events.add(new BaseAdopted(BASE, "an open model", NOON));
        events.add(new RunStarted(run, NOON));
        return events;
    }
}
