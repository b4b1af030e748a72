package dev.tapestry.node.round;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.corpus.PermittedUse;
import dev.tapestry.node.NodeConfig;
import dev.tapestry.node.NodeEvent.Verdict;
import dev.tapestry.node.NodeUpdate.Phase;
import dev.tapestry.node.access.MemberCorpus;
import dev.tapestry.node.access.OpenText;
import dev.tapestry.node.box.BoxAnswer.Work;
import dev.tapestry.node.box.BoxLabel;
import dev.tapestry.node.box.DropBox;
import dev.tapestry.node.box.ScoringJob;
import dev.tapestry.node.round.RoundGateway.Fetched;
import dev.tapestry.node.trainer.GradientTask;
import dev.tapestry.node.trainer.RoundTask;
import dev.tapestry.node.trainer.TrainingJob;
import dev.tapestry.trust.json.CanonicalJson;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/**
 * Puts into a {@link DropBox} what the loop waits for from this member, for another machine that
 * has the computing.
 *
 * @param label whose box it is
 * @param late what may stand for this member already
 */
record BoxFetch(
        NodeConfig config,
        BoxLabel label,
        DropBox box,
        MemberCorpus corpus,
        Preparation preparation,
        Parcels parcels,
        LateContributions late,
        RoundDiary diary) {

    /** Does so for this state of the loop; what is published is looked up and believed. */
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
                        .formatted(
                                label.member(),
                                plan.round(),
                                view.phase().name().toLowerCase(Locale.ROOT)));
    }

    private Fetched fetchTraining(RoundPlan plan, RoundView view) {
        preparation.requireToBegin(plan);
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

    /** The order may still lie in the box, with the answer that it is to be brought again. */
    private void answerLate(Outbox.Parcel parcel) {
        if (box.hasOrders()
                && !box.isToScore()
                && box.training().plan().equals(parcel.manifest().plan())) {
            box.answer(BoxSubmission.admitted(parcel));
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
}
