package dev.tapestry.node.round;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.Score;
import dev.tapestry.consortium.protocol.Protocol;
import dev.tapestry.consortium.protocol.ScoreReport;
import dev.tapestry.consortium.protocol.UploadStatus;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.StopSignal;
import dev.tapestry.node.egress.Answer;
import dev.tapestry.node.egress.CoordinatorClient;
import dev.tapestry.node.egress.PartSender;
import dev.tapestry.node.egress.Reply;
import dev.tapestry.trust.signature.Envelope;
import dev.tapestry.trust.signature.SigningKey;
import java.util.Optional;
import java.util.Set;

/** Brings contributions and scores to the coordinator, and the answers into the diary. */
final class Courier {

    /**
     * Refusals that beginning again with the manifest may cure. A coordinator that was restarted
     * has forgotten which uploads were open, but not their parts: it answers {@code NOT_AWAITED}.
     */
    private static final Set<String> CURABLE =
            Set.of("INCOMPLETE", "DIGEST_MISMATCH", "WRONG_LENGTH", "NOT_AWAITED", "SUPERSEDED");

    private static final String CLOSED = "ROUND_CLOSED";
    private static final int TRIES = 5;

    private final CoordinatorClient client;
    private final PartSender parts;
    private final MemberId member;
    private final SigningKey key;
    private final RoundDiary diary;
    private final StopSignal stop;

    Courier(
            CoordinatorClient client,
            PartSender parts,
            MemberId member,
            SigningKey key,
            RoundDiary diary,
            StopSignal stop) {
        this.client = client;
        this.parts = parts;
        this.member = member;
        this.key = key;
        this.diary = diary;
        this.stop = stop;
    }

    /** What became of a contribution that was brought. */
    sealed interface Delivery {
        /** It will be merged. */
        record Admitted() implements Delivery {}

        /**
         * Its round has closed; it is to be brought again when the next one collects.
         *
         * @param answer says until when
         */
        record Later(Answer.Refused answer) implements Delivery {}

        /** It will not be merged. */
        record Refused(Answer.Refused answer) implements Delivery {
            /** The same for whoever cannot go on without. */
            NodeException breakage() {
                return refused("contribution", answer);
            }
        }
    }

    /**
     * Sends what is missing of a contribution and seals it.
     *
     * @throws NodeException {@code COORDINATOR_REFUSED}, with the finding
     */
    void deliver(Outbox.Parcel parcel) {
        if (offer(parcel) instanceof Delivery.Refused refused) {
            throw refused.breakage();
        }
    }

    /** The same, with whatever is answered as a value. */
    Delivery offer(Outbox.Parcel parcel) {
        for (int tries = 1; ; tries++) {
            Answer answer = stop.interruptibly(() -> attempt(parcel));
            switch (answer) {
                case Answer.Accepted _ -> {
                    diary.contributed(parcel.manifest(), parcel.contribution());
                    return new Delivery.Admitted();
                }
                case Answer.Refused refused when refused.code().equals(CLOSED) -> {
                    diary.keeps(parcel.manifest().round(), refused.detail());
                    return new Delivery.Later(refused);
                }
                case Answer.Refused refused -> {
                    if (tries == TRIES || !CURABLE.contains(refused.code())) {
                        return new Delivery.Refused(refused);
                    }
                }
            }
        }
    }

    private Answer attempt(Outbox.Parcel parcel) {
        RoundNumber round = parcel.manifest().round();
        return switch (client.contribute(round, parcel.envelope())) {
            case Reply.Denied<UploadStatus>(Answer.Refused refused) -> refused;
            case Reply.Given<UploadStatus>(UploadStatus status) ->
                    parts.send(parcel.files(), parcel.manifest().sent(), status.missing())
                            .<Answer>map(refused -> refused)
                            .orElseGet(() -> client.seal(round, status.contribution()));
        };
    }

    /** Sends a signed score. */
    void report(RoundNumber round, Digest candidate, Score score) {
        offer(round, candidate, score)
                .ifPresent(refusal -> {
                    throw refused("score", refusal);
                });
    }

    /** The same; why it was refused, if it was. */
    Optional<Answer.Refused> offer(RoundNumber round, Digest candidate, Score score) {
        Envelope envelope =
                Envelope.seal(
                        Protocol.SCORE_TYPE, new ScoreReport(round, member, candidate, score), key);
        return switch (stop.interruptibly(() -> client.score(round, envelope))) {
            case Answer.Accepted _ -> {
                diary.scored(round, candidate, score);
                yield Optional.empty();
            }
            case Answer.Refused refused -> Optional.of(refused);
        };
    }

    private static NodeException refused(String what, Answer.Refused refusal) {
        return new NodeException(
                NodeException.Code.COORDINATOR_REFUSED,
                "the %s was refused with %s: %s".formatted(what, refusal.code(), refusal.detail()));
    }
}
