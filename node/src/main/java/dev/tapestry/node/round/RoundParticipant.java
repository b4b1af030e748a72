package dev.tapestry.node.round;

import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.corpus.PermittedUse;
import dev.tapestry.node.NodeEvent.Verdict;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.NodeUpdate.Phase;
import dev.tapestry.node.access.MemberCorpus;
import dev.tapestry.node.access.OpenText;
import dev.tapestry.node.build.TrainingRun;
import dev.tapestry.node.trainer.RoundTask;
import dev.tapestry.node.trainer.RoundTrainer;
import dev.tapestry.node.trainer.StepBook;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A member's part in one round, done by this node, whatever state the round is in and whatever was
 * done before.
 */
final class RoundParticipant implements Participant {

    private final MemberId member;
    private final Preparation preparation;
    private final MemberCorpus corpus;
    private final RoundTrainer trainer;
    private final RoundWatch watch;
    private final StepBook steps;
    private final Parcels parcels;
    private final LateContributions late;
    private final Courier courier;
    private final Scorer scorer;
    private final RoundDiary diary;

    RoundParticipant(
            MemberId member,
            Preparation preparation,
            MemberCorpus corpus,
            RoundTrainer trainer,
            RoundWatch watch,
            StepBook steps,
            Parcels parcels,
            LateContributions late,
            Courier courier,
            Scorer scorer,
            RoundDiary diary) {
        this.member = member;
        this.preparation = preparation;
        this.corpus = corpus;
        this.trainer = trainer;
        this.watch = watch;
        this.steps = steps;
        this.parcels = parcels;
        this.late = late;
        this.courier = courier;
        this.scorer = scorer;
        this.diary = diary;
    }

    @Override
    public void takePart(RoundView view) {
        RoundPlan plan = view.plan().orElse(null);
        if (plan == null) {
            diary.waits(view, "no round has been announced yet");
            return;
        }
        boolean awaited = view.awaited().contains(member);
        switch (view.phase()) {
            case COLLECTING -> {
                if (awaited) {
                    contribute(plan, view);
                }
            }
            case SCORING -> {
                if (awaited && view.candidate().isPresent()) {
                    scorer.score(plan, view.candidate().get());
                }
            }
            case PUBLISHED -> {
                trainer.forget();
                preparation.believe(plan, view);
            }
            case ROLLED_BACK, ABANDONED -> {
                trainer.forget();
                if (view.roundsPlanned() == 0) {
                    trainer.rest(); // no next round takes what was trained ahead
                }
                diary.failed(plan.round(), view.reason());
            }
            case IDLE, MERGING -> {}
        }
        diary.waits(view, "");
    }

    private void contribute(RoundPlan plan, RoundView view) {
        if (!preparation.isToBegin(plan) || late.standing(plan, view).isPresent()) {
            return;
        }
        RoundTask task = preparation.task(plan, view);
        boolean last = view.roundsPublished() + 1 >= view.roundsPlanned();
        Optional<Outbox.Parcel> made = parcels.made(task);
        made.ifPresent(_ -> goOn(task, last));
        try {
            Outbox.Parcel parcel =
                    made.orElseGet(() -> watch.during(view, () -> train(task, last)));
            diary.begins(Phase.SENDING, plan.round(), "a contribution of " + parcel.size());
            courier.deliver(parcel);
        } catch (NodeException e) {
            if (e.code() != Code.ROUND_OVER) {
                throw e;
            }
            // The node is well: it looks at once at what comes next.
            diary.declines(plan.round(), Setback.of(e));
        }
    }

    private Outbox.Parcel train(RoundTask plain, boolean last) {
        RoundPlan plan = plain.announced();
        diary.begins(
                Phase.PACKING, plan.round(), "the corpus for base " + plan.base().abbreviated());
        try (OpenText text = corpus.open(plain.base(), PermittedUse.CONTRIBUTED_CPT)) {
            diary.decided(plan.round(), Verdict.TRAINS, "the card permits contributed-cpt");
            diary.begins(Phase.TRAINING, plan.round(), plain.count() + " steps");
            return parcels.make(
                    plain,
                    text.pack(),
                    text.card(),
                    new Parcels.LocalWork() {
                        @Override
                        public TrainingRun.Result train(RoundTask task, Path target) {
                            return trainer.train(task, text, target);
                        }

                        @Override
                        public void trained(RoundTask task) {
                            goOn(task, last);
                        }
                    });
        }
    }

    /** While what was trained is packed and travels, the next round's first steps are done. */
    private void goOn(RoundTask task, boolean last) {
        if (last) {
            trainer.rest();
        } else {
            int next = steps.steps(task.round().next(), task.announced());
            trainer.goOn(task, next, () -> corpus.open(task.base(), PermittedUse.CONTRIBUTED_CPT));
        }
    }

    @Override
    public void rest() {
        trainer.rest();
    }
}
