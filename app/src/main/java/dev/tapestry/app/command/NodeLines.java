package dev.tapestry.app.command;

import dev.tapestry.node.NodeProgress;
import dev.tapestry.node.NodeUpdate;
import dev.tapestry.trust.certificate.ClockSkew;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/** What a node does, one line after the other, readable also in a file. Thread-safe. */
final class NodeLines implements NodeProgress {

    private static final Duration BETWEEN = Duration.ofSeconds(10);

    private final PrintWriter out;
    private Instant lastStep = Instant.EPOCH;
    private Instant lastTransfer = Instant.EPOCH;

    NodeLines(PrintWriter out) {
        this.out = out;
    }

    @Override
    public synchronized void on(NodeUpdate update) {
        if (update instanceof NodeUpdate.Stepped step && !due(step)) {
            return;
        }
        if (update instanceof NodeUpdate.Transferred transfer && !due(transfer)) {
            return;
        }
        if (update instanceof NodeUpdate.Advanced) {
            return; // it says to those who wait that the node is at work
        }
        out.println(update.at().truncatedTo(ChronoUnit.SECONDS) + "  " + words(update));
        out.flush();
    }

    /** The first step, the last one, and every ten seconds. */
    private boolean due(NodeUpdate.Stepped step) {
        boolean due =
                step.step() == 1
                        || step.step() == step.steps()
                        || step.at().isAfter(lastStep.plus(BETWEEN));
        lastStep = due ? step.at() : lastStep;
        return due;
    }

    /** At most every ten seconds; the sums go on. */
    private boolean due(NodeUpdate.Transferred transfer) {
        boolean due = transfer.at().isAfter(lastTransfer.plus(BETWEEN));
        lastTransfer = due ? transfer.at() : lastTransfer;
        return due;
    }

    /** What happened, in one line without its time. */
    static String words(NodeUpdate update) {
        return switch (update) {
            case NodeUpdate.Began(_, var phase, int round, String detail) ->
                    "%s%s%s"
                            .formatted(
                                    round(round),
                                    phase.name().toLowerCase(java.util.Locale.ROOT),
                                    detail.isEmpty() ? "" : ": " + detail);
            case NodeUpdate.Stepped step ->
                    "%sstep %d of %d, loss %.4f nats per token, %,.0f tokens per second"
                            .formatted(
                                    round(step.round()),
                                    step.step(),
                                    step.steps(),
                                    step.natsPerToken(),
                                    step.tokensPerSecond());
            case NodeUpdate.Advanced(_, var phase, int round, long done) ->
                    "%s%s: %,d".formatted(round(round), phase, done);
            case NodeUpdate.Transferred(_, long up, long down) ->
                    "transferred since the start: %,d bytes up, %,d bytes down".formatted(up, down);
            case NodeUpdate.Contributed given ->
                    "%scontribution %s admitted: %,d tokens, %.4f bits per byte in training"
                            .formatted(
                                    round(given.round().value()),
                                    given.contribution().abbreviated(),
                                    given.tokens(),
                                    given.bitsPerByte());
            case NodeUpdate.Scored(_, var round, var candidate, var score) ->
                    "%scandidate %s scored: %.4f bits per byte, the base %.4f"
                            .formatted(
                                    round(round.value()),
                                    candidate.abbreviated(),
                                    score.candidateBitsPerByte(),
                                    score.baseBitsPerByte());
            case NodeUpdate.BaseBelieved(_, var round, var base) ->
                    "%snew base %s, proven by the coordinator's log"
                            .formatted(round(round.value()), base.abbreviated());
            case NodeUpdate.RoundFailed(_, var round, String reason) ->
                    "%sended without a new base: %s".formatted(round(round.value()), reason);
            case NodeUpdate.Declined(_, var round, String code, String reason) ->
                    "%snot taking part: %s: %s".formatted(round(round.value()), code, reason);
            case NodeUpdate.Unreachable(_, String reason, int failures, Duration again) ->
                    "the coordinator cannot be reached (%s): %s; trying again %s"
                            .formatted(times(failures), reason, in(again));
            case NodeUpdate.Hindered(
                            _,
                            int round,
                            String code,
                            String reason,
                            int failures,
                            Duration again) ->
                    "%scannot go on (%s): %s: %s; trying again %s"
                            .formatted(round(round), times(failures), code, reason, in(again));
            case NodeUpdate.ClockDiffers(_, Duration ahead) -> {
                ClockSkew skew = new ClockSkew(ahead);
                yield "CLOCK_SKEW: %s: %s".formatted(skew.words(), skew.advice());
            }
            case NodeUpdate.CertificateRenewed(_, Instant until) ->
                    "this node's certificate was renewed, with a new key; it ends at " + until;
            case NodeUpdate.CertificateEnds(
                            Instant at,
                            String subject,
                            Instant until,
                            String next) ->
                    "%s %s: %s"
                            .formatted(
                                    subject,
                                    until.isBefore(at)
                                            ? "has ended at " + until
                                            : "ends at %s, in %d days"
                                                    .formatted(
                                                            until,
                                                            Duration.between(at, until).toDays()),
                                    next);
            case NodeUpdate.Evaluated(_, String name, String stage, double bits) ->
                    "%s, %s: %.4f bits per byte on held-out text".formatted(name, stage, bits);
        };
    }

    private static String times(int failures) {
        return failures == 1 ? "once" : failures + " times now";
    }

    private static String in(Duration pause) {
        return pause.toSeconds() == 0 ? "at once" : "in %d s".formatted(pause.toSeconds());
    }

    private static String round(int round) {
        return round == 0 ? "" : "round " + round + "  ";
    }
}
