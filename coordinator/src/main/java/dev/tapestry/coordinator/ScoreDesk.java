package dev.tapestry.coordinator;

import dev.tapestry.consortium.Candidate;
import dev.tapestry.consortium.Consortium;
import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.Finding;
import dev.tapestry.consortium.Member;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.RoundInput;
import dev.tapestry.consortium.RoundInput.Refusal;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.RoundState;
import dev.tapestry.consortium.RoundState.Scoring;
import dev.tapestry.consortium.Score;
import dev.tapestry.consortium.protocol.Accepted;
import dev.tapestry.consortium.protocol.Protocol;
import dev.tapestry.consortium.protocol.ScoreReport;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.signature.Envelope;
import dev.tapestry.trust.signature.VerifyingKey;
import java.time.InstantSource;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** Takes in members' scores of a candidate. Thread-safe. */
final class ScoreDesk {

    private final Ledger ledger;
    private final InstantSource clock;

    ScoreDesk(Ledger ledger, InstantSource clock) {
        this.ledger = ledger;
        this.clock = clock;
    }

    /**
     * Writes a signed score to the log; the same one again changes nothing.
     *
     * @throws ApiRefusal with a finding, {@code WRONG_CANDIDATE} or {@code ALREADY_SCORED}
     */
    Accepted score(MemberId member, RoundNumber round, byte[] envelope) {
        ScoreReport report = verified(member, envelope);
        if (!report.round().equals(round)) {
            throw refusal(
                    Finding.MALFORMED,
                    "the score is for round %s, the address for round %s"
                            .formatted(report.round(), round));
        }
        return new Accepted(ledger.change(state -> decide(state, report)).after().version());
    }

    private List<ConsortiumEvent> decide(Consortium consortium, ScoreReport report) {
        RoundState state =
                consortium
                        .round()
                        .filter(latest -> latest.number().equals(report.round()))
                        .orElseThrow(() ->
                                refusal(
                                        Finding.STALE_ROUND,
                                        "round %s is not the latest".formatted(report.round())));
        Score earlier = scores(state).get(report.member());
        if (report.score().equals(earlier)) {
            return List.of();
        }
        if (earlier != null) {
            throw new ApiRefusal(
                    ApiCode.ALREADY_SCORED, report.member() + " has scored with " + earlier);
        }
        if (!(state instanceof Scoring scoring)) {
            throw refusal(
                    Finding.STALE_ROUND, "round %s is %s".formatted(state.number(), state.phase()));
        }
        if (!scoring.expected().contains(report.member())) {
            throw refusal(
                    Finding.NOT_INVITED,
                    "round %s does not await a score of %s"
                            .formatted(state.number(), report.member()));
        }
        Candidate candidate = scoring.candidate();
        if (!report.candidate().equals(candidate.model())) {
            throw new ApiRefusal(
                    ApiCode.WRONG_CANDIDATE,
                    "this scores %s; the candidate is %s"
                            .formatted(report.candidate(), candidate.model()));
        }
        return consortium.decide(
                new RoundInput.Scored(report.member(), report.score(), clock.instant()));
    }

    private static SortedMap<MemberId, Score> scores(RoundState state) {
        return switch (state) {
            case Scoring scoring -> scoring.scores();
            case RoundState.Published over -> over.scores();
            case RoundState.RolledBack over -> over.scores();
            case RoundState.Collecting other -> new TreeMap<>();
            case RoundState.Merging other -> new TreeMap<>();
            case RoundState.Abandoned other -> new TreeMap<>();
        };
    }

    private ScoreReport verified(MemberId member, byte[] envelope) {
        Member known = ledger.snapshot().consortium().members().get(member);
        if (known == null) {
            throw new ApiRefusal(ApiCode.UNKNOWN_MEMBER, member + " is not enrolled");
        }
        try {
            ScoreReport report =
                    Envelope.parse(envelope)
                            .open(
                                    Protocol.SCORE_TYPE,
                                    new VerifyingKey(known.signingKey()),
                                    ScoreReport.class);
            if (!report.member().equals(member)) {
                throw refusal(
                        Finding.WRONG_MEMBER, member + " sends the score of " + report.member());
            }
            return report;
        } catch (TrustException e) {
            throw ApiRefusal.of(Signatures.refusal(e));
        }
    }

    private static ApiRefusal refusal(Finding finding, String detail) {
        return ApiRefusal.of(new Refusal(finding, detail));
    }
}
