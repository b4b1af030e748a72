package dev.tapestry.node.round;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.consortium.protocol.ScoreReport;
import dev.tapestry.corpus.PermittedUse;
import dev.tapestry.node.NodeConfig;
import dev.tapestry.node.NodeEvent.Verdict;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.NodeUpdate.Phase;
import dev.tapestry.node.StopSignal;
import dev.tapestry.node.access.MemberCorpus;
import dev.tapestry.node.access.OpenText;
import dev.tapestry.node.box.BoxAnswer;
import dev.tapestry.node.box.BoxAnswer.Work;
import dev.tapestry.node.box.BoxLabel;
import dev.tapestry.node.box.DropBox;
import dev.tapestry.node.box.ScoringJob;
import dev.tapestry.node.egress.Answer;
import dev.tapestry.node.egress.CoordinatorClient;
import dev.tapestry.node.trainer.GradientTask;
import dev.tapestry.node.trainer.JobResult;
import dev.tapestry.node.trainer.RoundTask;
import dev.tapestry.node.trainer.TrainingJob;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.weights.ModelDirectory;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;

/**
 * A member's part in rounds where this node has the network and the keys, and another machine the
 * computing: what a round asks for goes into a {@link DropBox}, what comes back is checked as a
 * trainer's output is, packed, signed and sent as any contribution.
 *
 * <p>Each step can be cut off anywhere and done again.
 */
public final class RoundGateway {

    private final CoordinatorClient client;
    private final NodeConfig config;
    private final BoxLabel label;
    private final DropBox box;
    private final MemberCorpus corpus;
    private final Preparation preparation;
    private final Parcels parcels;
    private final LateContributions late;
    private final Courier courier;
    private final RoundDiary diary;
    private final ModelShelf shelf;
    private final Relocation relocation;
    private final StopSignal stop;

    RoundGateway(
            CoordinatorClient client,
            NodeConfig config,
            BoxLabel label,
            DropBox box,
            MemberCorpus corpus,
            Preparation preparation,
            Parcels parcels,
            LateContributions late,
            Courier courier,
            RoundDiary diary,
            ModelShelf shelf,
            Relocation relocation,
            StopSignal stop) {
        this.client = client;
        this.config = config;
        this.label = label;
        this.box = box;
        this.corpus = corpus;
        this.preparation = preparation;
        this.parcels = parcels;
        this.late = late;
        this.courier = courier;
        this.diary = diary;
        this.shelf = shelf;
        this.relocation = relocation;
        this.stop = stop;
    }

    /** What a look at the loop led to. */
    public sealed interface Fetched {
        /**
         * The box holds what is to be done.
         *
         * @param deadline when it is of no use any more
         * @param before whether it held that already
         */
        record Ready(RoundNumber round, Work work, Optional<Instant> deadline, boolean before)
                implements Fetched {}

        /** Nothing is awaited from this member. */
        record Nothing(String why) implements Fetched {}
    }

    /**
     * Puts into the box what the loop waits for from this member. What lies there for a round that
     * has closed, and is still taken, stays.
     *
     * @throws NodeException {@code NOT_A_BOX}, {@code OTHER_MEMBER}; {@code POLICY}; {@code
     *     NOT_PROVEN}, {@code SPLIT_VIEW}; {@code STORAGE}; {@code MOVED}: open the node anew
     */
    public Fetched fetch() {
        box.claim(label);
        RoundView view = now();
        Optional<RoundView.LateWindow> closed = closed(view).filter(_ -> box.isDone());
        if (closed.isPresent()) {
            return new Fetched.Nothing(
                    "%s holds what was trained for round %s, which is taken until %s: submit it first, or delete its done.json"
                            .formatted(box.path(), closed.get().round(), closed.get().until()));
        }
        Fetched fetched = fetch(view);
        shelf.tidy(view);
        return fetched;
    }

    /**
     * Brings what lies in the box to the coordinator.
     *
     * @return the coordinator's word, now or at an earlier try; it also lies in the box
     * @throws NodeException {@code MOVED}: open the node anew; {@code NOT_A_BOX}, {@code
     *     OTHER_MEMBER}, {@code STALE_ROUND}, {@code BOX_INCOMPLETE}, {@code BOX_DAMAGED}, {@code
     *     TRAINER_OUTPUT}: nothing was sent
     */
    public BoxAnswer submit() {
        box.requireOf(label);
        return submit(now());
    }

    private RoundView now() {
        return relocation.following(() -> stop.interruptibly(() -> client.round(0, Duration.ZERO)));
    }

    /** The same for this state of the loop; what is published is looked up and believed. */
    Fetched fetch(RoundView view) {
        RoundPlan plan = view.plan().orElse(null);
        if (plan == null) {
            return new Fetched.Nothing("no round has been announced yet");
        }
        boolean awaited = view.awaited().contains(label.member());
        switch (view.phase()) {
            case COLLECTING -> {
                if (awaited) {
                    return fetchTraining(plan, view);
                }
            }
            case SCORING -> {
                if (awaited && view.candidate().isPresent()) {
                    return fetchScoring(plan, view, view.candidate().get());
                }
            }
            case PUBLISHED -> preparation.believe(plan, view);
            case IDLE, MERGING, ROLLED_BACK, ABANDONED -> {}
        }
        return new Fetched.Nothing(
                "nothing is awaited from %s: round %s is %s"
                        .formatted(label.member(), plan.round(), words(view.phase())));
    }

    private Fetched fetchTraining(RoundPlan plan, RoundView view) {
        requireToBegin(plan);
        Optional<Outbox.Parcel> standing = late.standing(plan, view);
        if (standing.isPresent()) {
            answerLate(standing.get());
            return new Fetched.Nothing(
                    "what was trained for round %s stands for %s in round %s"
                            .formatted(
                                    standing.get().manifest().round(),
                                    label.member(),
                                    plan.round()));
        }
        RoundTask task = parcels.asked(preparation.task(plan, view));
        TrainingJob job = TrainingJob.of(task, config, Optional.empty());
        boolean before = box.holds(job);
        if (!before) {
            diary.begins(Phase.PACKING, plan.round(), "a box for whoever trains: " + box.path());
            layOut(job, task);
            diary.decided(
                    plan.round(),
                    Verdict.TRAINS,
                    "the card permits contributed-cpt; elsewhere, by the box " + box.path());
        }
        return new Fetched.Ready(
                plan.round(), Work.CONTRIBUTION, Optional.of(plan.closesAt()), before);
    }

    private void requireToBegin(RoundPlan plan) {
        if (!preparation.isToBegin(plan)) {
            throw new NodeException(
                    Code.STALE_ROUND,
                    "the loop went on from round %s at this moment; fetch again"
                            .formatted(plan.round()));
        }
    }

    /** The order may still lie in the box, with the answer that it is to be brought again. */
    private void answerLate(Outbox.Parcel parcel) {
        if (box.hasOrders()
                && !box.isToScore()
                && box.training().plan().equals(parcel.manifest().plan())) {
            box.answer(admitted(parcel));
        }
    }

    private void layOut(TrainingJob job, RoundTask task) {
        Optional<Path> correction = task.gradients().flatMap(GradientTask::correction);
        if (corpus.isHere(PermittedUse.CONTRIBUTED_CPT)) {
            try (OpenText text = corpus.open(task.base(), PermittedUse.CONTRIBUTED_CPT)) {
                box.layOut(
                        job.on(TrainingJob.Corpus.of(text)),
                        task.announced(),
                        task.base(),
                        correction,
                        Optional.of(text));
            }
        } else {
            box.layOut(job, task.announced(), task.base(), correction, Optional.empty());
        }
    }

    private Fetched fetchScoring(RoundPlan plan, RoundView view, Digest candidate) {
        corpus.require(PermittedUse.EVALUATION);
        // First: the candidate may come as a step from it.
        Path base = preparation.receive(plan, "base", plan.base());
        Path model = preparation.receive(plan, "candidate", candidate);
        ScoringJob job =
                new ScoringJob(
                        label.protocol(),
                        plan.round(),
                        label.member(),
                        CanonicalJson.digest(plan),
                        plan.base(),
                        candidate,
                        config.compute().precision().resolved(),
                        config.compute().threads());
        boolean before = box.holds(job);
        if (!before) {
            diary.begins(Phase.PACKING, plan.round(), "a box for whoever scores: " + box.path());
            box.layOut(job, plan, base, model);
        }
        return new Fetched.Ready(plan.round(), Work.SCORE, view.deadline(), before);
    }

    /** The same for this state of the loop. */
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
        requireToBegin(plan);
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

    private static BoxAnswer admitted(Outbox.Parcel parcel) {
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
        box.requireTrained();
        box.model(box.directory().base(), job.base());
        diary.begins(Phase.PACKING, job.round(), "what lies in " + box.path());
        return parcels.make(
                plain,
                "box " + box.stamp(),
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
        ScoreReport report = box.scored(job);
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
