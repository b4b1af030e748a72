package dev.tapestry.node.round;

import dev.tapestry.consortium.ContributionManifest;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.Score;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.node.NodeEvent.Verdict;
import dev.tapestry.node.NodeLog;
import dev.tapestry.node.NodeProgress;
import dev.tapestry.node.NodeUpdate;
import dev.tapestry.node.NodeUpdate.Phase;
import dev.tapestry.node.trainer.JobDirectory;
import dev.tapestry.node.trainer.StepWatch;
import dev.tapestry.node.trainer.TrainingJob;
import dev.tapestry.trust.TrustException;
import java.time.Duration;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.HashSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** Tells people and the node's log what happens in rounds, each thing once. */
final class RoundDiary {

    private final NodeLog log;
    private final NodeProgress progress;
    private final InstantSource clock;
    private final Set<RoundNumber> over = new HashSet<>();
    private final Set<String> written = new HashSet<>();
    private String waitsFor = "";

    RoundDiary(NodeLog log, NodeProgress progress, InstantSource clock) {
        this.log = log;
        this.progress = progress;
        this.clock = clock;
    }

    /** Whether the round's end is written already. */
    boolean over(RoundNumber round) {
        return over.contains(round);
    }

    void begins(Phase phase, RoundNumber round, String detail) {
        waitsFor = "";
        progress.on(new NodeUpdate.Began(clock.instant(), phase, round.value(), detail));
    }

    /** What was begun makes headway. */
    void advances(Phase phase, RoundNumber round, long done) {
        progress.on(new NodeUpdate.Advanced(clock.instant(), phase, round.value(), done));
    }

    /** Tells of the steps that somebody else does in a directory. */
    StepWatch watching(JobDirectory directory, TrainingJob job) {
        return new StepWatch(directory, job, progress, clock);
    }

    /** No wait is silent: it has a cause, names and an end. */
    void waits(RoundView view, String reason) {
        int round = view.plan().map(plan -> plan.round().value()).orElse(0);
        String detail =
                reason.isEmpty()
                        ? view.phase().name().toLowerCase(Locale.ROOT)
                                + (view.awaited().isEmpty() ? "" : ", for " + view.awaited())
                                + view.deadline()
                                        .map(at -> " until " + at.truncatedTo(ChronoUnit.SECONDS))
                                        .orElse("")
                        : reason;
        if (!waitsFor.equals(round + detail)) {
            progress.on(new NodeUpdate.Began(clock.instant(), Phase.WAITING, round, detail));
            waitsFor = round + detail;
        }
    }

    void decided(RoundNumber round, Verdict verdict, String reason) {
        log.decided(clock.instant(), Optional.of(round), verdict, reason);
    }

    void contributed(ContributionManifest manifest, Digest contribution) {
        decided(
                manifest.round(),
                Verdict.CONTRIBUTED,
                "%s: %d tokens in %d steps from base %s"
                        .formatted(
                                contribution,
                                manifest.tokens(),
                                manifest.steps(),
                                manifest.base()));
        progress.on(
                new NodeUpdate.Contributed(
                        clock.instant(),
                        manifest.round(),
                        contribution,
                        manifest.tokens(),
                        manifest.trainingBitsPerByte()));
    }

    /** What was made for a round that has closed goes into a later one. */
    void keeps(RoundNumber round, String why) {
        waitsFor = "";
        progress.on(new NodeUpdate.Began(clock.instant(), Phase.WAITING, round.value(), why));
    }

    void scored(RoundNumber round, Digest candidate, Score score) {
        decided(
                round,
                Verdict.SCORED,
                "candidate %s: %s bits per byte, base %s"
                        .formatted(
                                candidate, score.candidateBitsPerByte(), score.baseBitsPerByte()));
        progress.on(new NodeUpdate.Scored(clock.instant(), round, candidate, score));
    }

    void published(RoundNumber round, Digest base) {
        if (over.add(round)) {
            decided(round, Verdict.BASE_BELIEVED, base.hex());
            progress.on(new NodeUpdate.BaseBelieved(clock.instant(), round, base));
        }
    }

    void failed(RoundNumber round, String reason) {
        if (over.add(round)) {
            progress.on(new NodeUpdate.RoundFailed(clock.instant(), round, reason));
        }
    }

    /** The node does not take part, and ends or waits for what comes next. */
    void declines(RoundNumber round, Setback setback) {
        write(Optional.of(round), setback);
        progress.on(
                new NodeUpdate.Declined(clock.instant(), round, setback.code(), setback.reason()));
    }

    /** The node cannot go on and will try again; what is the same each time is written once. */
    void hindered(Optional<RoundNumber> round, Setback setback, int failures, Duration again) {
        waitsFor = "";
        if (written.add(round + setback.reason())) {
            try {
                write(round, setback);
            } catch (TrustException _) {
                written.remove(round + setback.reason()); // the disk that hinders it, most likely
            }
        }
        progress.on(
                new NodeUpdate.Hindered(
                        clock.instant(),
                        round.map(RoundNumber::value).orElse(0),
                        setback.code(),
                        setback.reason(),
                        failures,
                        again));
    }

    private void write(Optional<RoundNumber> round, Setback setback) {
        log.decided(
                clock.instant(),
                round,
                setback.verdict(),
                setback.code() + ": " + setback.reason());
    }
}
