package dev.tapestry.node.round;

import dev.tapestry.corpus.CorpusException;
import dev.tapestry.node.NodeEvent.Verdict;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.training.TrainingException;
import dev.tapestry.trust.TrustException;
import dev.tapestry.weights.WeightsException;

/**
 * What keeps a node from going on.
 *
 * @param outlook whether that may change by itself
 * @param code of the exception that it was told by
 * @param reason for people
 */
record Setback(Outlook outlook, String code, String reason) {

    /** Whether it helps to try again. */
    enum Outlook {
        /** It may pass, or somebody may mend it while the node runs: it tries again. */
        PASSING,
        /** The same attempt would end the same: the node waits for what comes next. */
        LASTING,
        /** The consortium, the steward or the operator has said so: the node ends. */
        FINAL
    }

    /**
     * Tells what {@code failure} means. One that no room of this program names may pass: a node
     * that ended by it would be missing from every round until somebody looks.
     */
    static Setback of(RuntimeException failure) {
        String reason = String.valueOf(failure.getMessage());
        return switch (failure) {
            case NodeException node ->
                    new Setback(outlook(node.code()), node.code().name(), reason);
            case CorpusException corpus ->
                    new Setback(
                            corpus.code() == CorpusException.Code.IO
                                    ? Outlook.PASSING
                                    : Outlook.LASTING,
                            corpus.code().name(),
                            reason);
            case TrainingException training ->
                    new Setback(outlook(training.code()), training.code().name(), reason);
            case WeightsException weights ->
                    new Setback(outlook(weights.code()), weights.code().name(), reason);
            // What is left of that room here is files of this node: its log, its notes.
            case TrustException _ -> new Setback(Outlook.PASSING, Code.STORAGE.name(), reason);
            default ->
                    new Setback(
                            Outlook.PASSING,
                            Code.UNFORESEEN.name(),
                            "%s; this node tries again, but it is a fault of the program: its makers need the stack trace in this node's log"
                                    .formatted(failure));
        };
    }

    private static Outlook outlook(Code code) {
        return switch (code) {
            // A clock is set, a certificate renewed, a proxy told, a disk cleared, a card edited.
            case TLS,
                    CLOCK_SKEW,
                    PROXY_CREDENTIALS,
                    PROXY_REFUSED,
                    STORAGE,
                    NOT_A_BOX,
                    OTHER_MEMBER,
                    STALE_ROUND,
                    ROUND_OVER,
                    BOX_INCOMPLETE,
                    BOX_DAMAGED,
                    STORE_REFUSED,
                    STORE_UNREACHABLE,
                    JUDGE_FAILED,
                    POLICY,
                    NOT_PROVEN,
                    MOVE_REFUSED,
                    COORDINATOR_GONE,
                    MALFORMED_REPLY,
                    DIGEST_MISMATCH,
                    TRAINER_FAILED,
                    TRAINER_OUT_OF_TIME,
                    UNFORESEEN ->
                    Outlook.PASSING;
            case WRONG_MODEL, TRAINER_OUTPUT, COORDINATOR_REFUSED -> Outlook.LASTING;
            case STOPPED,
                    MOVED,
                    REVOKED,
                    SPLIT_VIEW,
                    EGRESS_REFUSED,
                    CONFIG_INVALID,
                    NOT_ENROLLED,
                    KEY_UNDECIDED,
                    ENROLLED_ELSEWHERE ->
                    Outlook.FINAL;
        };
    }

    private static Outlook outlook(TrainingException.Code code) {
        return switch (code) {
            case IO, ENGINE, DEVICE, RENDEZVOUS, WORKER_LOST -> Outlook.PASSING;
            default -> Outlook.LASTING;
        };
    }

    private static Outlook outlook(WeightsException.Code code) {
        return switch (code) {
            case IO, NO_SPACE -> Outlook.PASSING;
            default -> Outlook.LASTING;
        };
    }

    /** The same where the node only asked for news: there is no phase of a round to give up. */
    Setback ofAsking() {
        return outlook == Outlook.LASTING ? new Setback(Outlook.PASSING, code, reason) : this;
    }

    /** Whether nobody thought of what happened. */
    boolean unforeseen() {
        return code.equals(Code.UNFORESEEN.name());
    }

    Verdict verdict() {
        return code.equals(Code.NOT_PROVEN.name()) || code.equals(Code.SPLIT_VIEW.name())
                ? Verdict.BASE_NOT_BELIEVED
                : Verdict.DECLINES;
    }
}
