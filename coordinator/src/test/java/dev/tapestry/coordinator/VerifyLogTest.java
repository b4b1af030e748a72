package dev.tapestry.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.Candidate;
import dev.tapestry.consortium.Candidate.Weight;
import dev.tapestry.consortium.Charter;
import dev.tapestry.consortium.Consortium;
import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.ConsortiumEvent.BaseAdopted;
import dev.tapestry.consortium.ConsortiumEvent.BasePublished;
import dev.tapestry.consortium.ConsortiumEvent.CandidateMerged;
import dev.tapestry.consortium.ConsortiumEvent.CollectionClosed;
import dev.tapestry.consortium.ConsortiumEvent.ContributionAdmitted;
import dev.tapestry.consortium.ConsortiumEvent.Founded;
import dev.tapestry.consortium.ConsortiumEvent.MemberEnrolled;
import dev.tapestry.consortium.ConsortiumEvent.MemberRevoked;
import dev.tapestry.consortium.ConsortiumEvent.RunStarted;
import dev.tapestry.consortium.ConsortiumEvent.TokenIssued;
import dev.tapestry.consortium.Contribution;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.RoundInput;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.Score;
import dev.tapestry.trust.signature.SigningKey;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Logs whose hashes and signatures are all in order, but whose last event the rules never write:
 * one of each kind, for the others are examined with the rules.
 */
class VerifyLogTest {

    private static final Instant NOON = Instant.parse("2026-06-01T12:00:00Z");
    private static final RoundNumber ONE = new RoundNumber(1);
    private static final Charter CHARTER = Stage.charter(2);
    private static final Instant DEADLINE = NOON.plus(CHARTER.roundDeadline());
    private static final MemberId ADA = new MemberId("ada");
    private static final MemberId BELA = new MemberId("bela");
    private static final MemberId EVE = new MemberId("eve");

    @TempDir Path folder;

    private final SigningKey key = SigningKey.generate();
    private final List<ConsortiumEvent> log = new ArrayList<>();
    private int forgeries;

    @Test
    void an_honest_log_is_sound() {
        begin();
        contribute(ADA, BELA);
        tell(new RoundInput.Merged(candidate(0.5, 0.5), NOON));
        tell(new RoundInput.Scored(ADA, new Score(2, 2, 1), NOON));
        tell(new RoundInput.Scored(BELA, new Score(2, 2, 1), NOON));
        assertThat(log.getLast()).isInstanceOf(BasePublished.class);
        assertThat(verified(log)).isInstanceOf(VerifyLog.Sound.class);
    }

    @Test
    void an_unquorate_close_is_found() {
        begin();
        contribute(ADA);
        forged(
                new CollectionClosed(ONE, List.of(BELA), DEADLINE),
                "closes with 1 contributions; the quorum is 2");
    }

    @Test
    void an_admission_of_a_stranger_is_found() {
        begin();
        forged(
                new ContributionAdmitted(ONE, contribution(EVE), NOON),
                "admits eve, which is no active and invited member");
    }

    @Test
    void an_admission_of_a_revoked_member_is_found() {
        begin();
        log.add(new MemberRevoked(ADA, "its key was stolen", NOON));
        forged(
                new ContributionAdmitted(ONE, contribution(ADA), NOON),
                "admits ada, which is no active and invited member");
    }

    @Test
    void an_enrolment_without_a_token_is_found() {
        begin();
        forged(
                new MemberEnrolled(
                        EVE, digest("eve"), key.verifyingKey().value(), digest("?"), NOON),
                "eve enrols without an unused token");
    }

    @Test
    void weights_above_the_influence_cap_are_found() {
        begin();
        contribute(ADA, BELA);
        forged(
                new CandidateMerged(
                        ONE, candidate(0.9, 0.1), NOON.plus(CHARTER.scoringDeadline()), NOON),
                "above the influence cap of 0.5");
    }

    @Test
    void figures_that_the_contributions_do_not_give_are_found() {
        begin();
        contribute(ADA, BELA);
        Candidate fair = candidate(0.5, 0.5);
        forged(
                new CandidateMerged(
                        ONE,
                        new Candidate(
                                fair.model(),
                                fair.momentum(),
                                fair.weights(),
                                Figures.of(0.5, 0.05)),
                        NOON.plus(CHARTER.scoringDeadline()),
                        NOON),
                "with a norm ratio of 0.5");
    }

    @Test
    void a_base_that_is_no_merged_candidate_is_found() {
        begin();
        forged(
                new BasePublished(ONE, digest("mine"), Optional.empty(), NOON),
                "round 1 is Collecting");
        contribute(ADA, BELA);
        tell(new RoundInput.Merged(candidate(0.5, 0.5), NOON));
        forged(
                new BasePublished(ONE, digest("mine"), Optional.empty(), NOON),
                "its merged candidate is " + digest("candidate"));
    }

    @Test
    void a_publication_without_scores_is_found() {
        begin();
        contribute(ADA, BELA);
        tell(new RoundInput.Merged(candidate(0.5, 0.5), NOON));
        forged(
                new BasePublished(
                        ONE,
                        digest("candidate"),
                        Optional.empty(),
                        NOON.plus(CHARTER.scoringDeadline())),
                "against the release gate: 0 of 2 scores");
    }

    private void forged(ConsortiumEvent event, String breach) {
        assertThat(verified(log)).as("before it").isInstanceOf(VerifyLog.Sound.class);
        List<ConsortiumEvent> story = new ArrayList<>(log);
        story.add(event);
        assertThat(verified(story))
                .isInstanceOfSatisfying(
                        VerifyLog.Unsound.class,
                        unsound ->
                                assertThat(unsound.detail())
                                        .startsWith("entry " + log.size() + " of the log")
                                        .contains(breach));
    }

    private VerifyLog verified(List<ConsortiumEvent> story) {
        CoordinatorDirectory forged =
                new CoordinatorDirectory(folder.resolve("forged-" + forgeries++));
        FileTrees.create(forged.root());
        ForgedLog.write(forged.log(), "tapestry/test", key, story);
        return VerifyLog.of(forged.root(), Optional.of(key.verifyingKey()), List.of());
    }

    /** Two members, a base, and a round that was announced. */
    private void begin() {
        log.add(new Founded(CHARTER, key.verifyingKey().value(), NOON));
        for (MemberId member : List.of(ADA, BELA)) {
            Digest secret = digest("secret of " + member);
            log.add(new TokenIssued(member, secret, NOON.plusSeconds(60), NOON));
            log.add(
                    new MemberEnrolled(
                            member,
                            digest("certificate of " + member),
                            key.verifyingKey().value(),
                            secret,
                            NOON));
        }
        log.add(new BaseAdopted(digest("base"), "an open model", NOON));
        log.add(new RunStarted(Stage.plan(1, MergeRule.fedAvg()), NOON));
        log.add(Consortium.replay(log).betweenRounds(NOON).orElseThrow());
    }

    private void contribute(MemberId... members) {
        for (MemberId member : members) {
            tell(new RoundInput.Contributed(contribution(member), NOON));
        }
    }

    private void tell(RoundInput input) {
        log.addAll(Consortium.replay(log).decide(input));
    }

    private static Contribution contribution(MemberId member) {
        return new Contribution(
                member, digest("envelope of " + member), digest("of " + member), 320, 2.5, 0.1);
    }

    private static Candidate candidate(double ofAda, double ofBela) {
        return new Candidate(
                digest("candidate"),
                Optional.empty(),
                List.of(new Weight(ADA, ofAda), new Weight(BELA, ofBela)),
                Figures.of(0.25, 0.05));
    }

    private static Digest digest(String text) {
        return Digest.of(text.getBytes(StandardCharsets.UTF_8));
    }
}
