package dev.tapestry.node.round;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.consortium.protocol.ScoreReport;
import dev.tapestry.node.NodeConfig;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.NodeUpdate.Phase;
import dev.tapestry.node.access.MemberCorpus;
import dev.tapestry.node.box.BoxAnswer;
import dev.tapestry.node.box.BoxAnswer.Work;
import dev.tapestry.node.box.BoxLabel;
import dev.tapestry.node.box.DropBox;
import dev.tapestry.node.box.ScoringJob;
import dev.tapestry.node.egress.Answer;
import dev.tapestry.node.trainer.JobResult;
import dev.tapestry.node.trainer.RoundTask;
import dev.tapestry.node.trainer.TrainingJob;
import dev.tapestry.weights.ModelDirectory;
import java.util.Locale;
import java.util.Optional;

/**
 * Brings what came back in a {@link DropBox} to the coordinator: it is checked as a trainer's
 * output is, packed, signed and sent as any contribution.
 *
 * @param label whose box it is
 */
record BoxSubmission(
        NodeConfig config,
        BoxLabel label,
        DropBox box,
        MemberCorpus corpus,
        Preparation preparation,
        Parcels parcels,
        Courier courier,
        RoundDiary diary) {

    /**
     * Does so for this state of the loop; the coordinator's word also lies in the box then.
     *
     * @throws NodeException {@code STALE_ROUND}, {@code OTHER_MEMBER}, {@code BOX_INCOMPLETE},
     *     {@code BOX_DAMAGED}, {@code TRAINER_OUTPUT}: nothing was sent
     */
    BoxAnswer submit(RoundView view) {
        BoxAnswer answer = box.isToScore() ? submitScore(view) : submitContribution(view);
        box.answer(answer);
        return answer;
    }

    private BoxAnswer submitContribution(RoundView view) {
        TrainingJob job = box.training();
        requireMine(job.member());
        Optional<Outbox.Parcel> made = parcels.outbox().find(job.round(), job.plan());
        if (made.isPresent() && parcels.admitted(made.get())) {
            return admitted(made.get()); // and killed before that was said
        }
        RoundTask task = task(job, view);
        Outbox.Parcel parcel = made.orElseGet(() -> take(job, task));
        diary.begins(Phase.SENDING, job.round(), "a contribution of " + parcel.size());
        return switch (courier.offer(parcel)) {
            case Courier.Delivery.Admitted _ -> admitted(parcel);
            case Courier.Delivery.Later(Answer.Refused answer) ->
                    refused(job.round(), Work.CONTRIBUTION, answer);
            case Courier.Delivery.Refused(Answer.Refused answer) -> {
                parcels.outbox().drop(job.round()); // another one may be trained
                yield refused(job.round(), Work.CONTRIBUTION, answer);
            }
        };
    }

    /** What was to be trained: in the round that collects, or in one that is still taken. */
    private RoundTask task(TrainingJob job, RoundView view) {
        if (closed(view, job).isPresent()) {
            return preparation.closedTask(box.plan(job.plan()), job.plan(), job.scheduleTokens());
        }
        RoundPlan plan = current(view, RoundView.Phase.COLLECTING, job.round(), job.plan());
        preparation.requireToBegin(plan);
        return preparation.task(plan, view);
    }

    /** Until when a job is taken whose round has closed; empty where it collects, or is not. */
    private static Optional<RoundView.LateWindow> closed(RoundView view, TrainingJob job) {
        boolean collects =
                view.phase() == RoundView.Phase.COLLECTING
                        && view.planDigest().equals(Optional.of(job.plan()));
        return view.late().stream()
                .filter(window -> !collects && window.round().equals(job.round()))
                .findFirst();
    }

    /** Until when the box's job is taken whose round has closed, until there is an answer to it. */
    Optional<RoundView.LateWindow> closed(RoundView view) {
        if (!box.hasOrders() || box.isToScore() || box.answered().isPresent()) {
            return Optional.empty();
        }
        try {
            return closed(view, box.training());
        } catch (NodeException e) {
            return Optional.empty(); // damaged: whoever looks into it is told
        }
    }

    /** The word of a contribution that was taken. */
    static BoxAnswer admitted(Outbox.Parcel parcel) {
        return new BoxAnswer(
                parcel.manifest().round(),
                Work.CONTRIBUTION,
                true,
                Optional.empty(),
                parcel.contribution().hex());
    }

    private Outbox.Parcel take(TrainingJob job, RoundTask plain) {
        TrainingJob expected = TrainingJob.of(plain, config, Optional.empty());
        if (!job.sameWork(expected)) {
            throw new NodeException(
                    Code.BOX_DAMAGED,
                    "%s asks for %d steps from base %s; the round asks for %d from %s"
                            .formatted(
                                    box.directory().job(),
                                    job.steps(),
                                    job.base().abbreviated(),
                                    expected.steps(),
                                    expected.base().abbreviated()));
        }
        box.results().requireTrained();
        box.model(box.directory().base(), job.base());
        diary.begins(Phase.PACKING, job.round(), "what lies in " + box.path());
        return parcels.make(
                plain,
                "box " + box.results().stamp(),
                job.corpus()
                        .flatMap(TrainingJob.Corpus::card)
                        .orElseGet(() -> corpus.card().digest()),
                (task, target) -> {
                    try (ModelDirectory base = ModelDirectory.open(task.base())) {
                        return JobResult.take(box.directory(), job, task, base, target);
                    }
                });
    }

    private BoxAnswer submitScore(RoundView view) {
        ScoringJob job = box.toScore();
        requireMine(job.member());
        Optional<BoxAnswer> before =
                box.answered().filter(answer -> answer.admitted() && answer.work() == Work.SCORE);
        if (before.isPresent() && before.get().round().equals(job.round())) {
            return before.get();
        }
        current(view, RoundView.Phase.SCORING, job.round(), job.plan());
        if (!view.candidate().equals(Optional.of(job.candidate()))) {
            throw new NodeException(
                    Code.STALE_ROUND,
                    "round %s has another candidate than the one in %s; fetch again"
                            .formatted(job.round(), box.path()));
        }
        ScoreReport report = box.results().scored(job);
        return courier.offer(job.round(), job.candidate(), report.score())
                .map(refusal -> refused(job.round(), Work.SCORE, refusal))
                .orElseGet(() ->
                        new BoxAnswer(
                                job.round(),
                                Work.SCORE,
                                true,
                                Optional.empty(),
                                job.candidate().hex()));
    }

    private static BoxAnswer refused(RoundNumber round, Work work, Answer.Refused refusal) {
        return new BoxAnswer(round, work, false, Optional.of(refusal.code()), refusal.detail());
    }

    private void requireMine(MemberId member) {
        if (!member.equals(label.member())) {
            throw new NodeException(
                    Code.OTHER_MEMBER,
                    "what lies in %s was to be done by '%s', not by '%s'"
                            .formatted(box.path(), member, label.member()));
        }
    }

    /** The plan under way, if it is the one that the box was laid out by. */
    private RoundPlan current(
            RoundView view, RoundView.Phase phase, RoundNumber round, Digest plan) {
        if (view.phase() != phase || !view.planDigest().equals(Optional.of(plan))) {
            throw new NodeException(
                    Code.STALE_ROUND,
                    "%s carries round %s, which was to be handed in while it was %s; the loop is at round %s, %s: fetch again"
                            .formatted(
                                    box.path(),
                                    round,
                                    words(phase),
                                    view.plan().map(now -> now.round().toString()).orElse("none"),
                                    words(view.phase())));
        }
        return view.plan().orElseThrow();
    }

    private static String words(RoundView.Phase phase) {
        return phase.name().toLowerCase(Locale.ROOT);
    }
}
