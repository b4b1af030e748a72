package dev.tapestry.node.round;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.corpus.PermittedUse;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.NodeUpdate.Phase;
import dev.tapestry.node.StopSignal;
import dev.tapestry.node.access.MemberCorpus;
import dev.tapestry.node.box.BoxAnswer;
import dev.tapestry.node.box.BoxAnswer.Work;
import dev.tapestry.node.box.BoxLabel;
import dev.tapestry.node.box.BoxLink;
import dev.tapestry.node.box.DropBox;
import dev.tapestry.node.trainer.StepWatch;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Keeps a shared box filled, and brings back what is whole in it, while the loop goes on: what
 * {@link RoundGateway} does once, done unattended.
 */
final class BoxAttendant implements Participant {

    /** So long the box is looked into before the coordinator is asked whether the round goes on. */
    private static final Duration WATCH = Duration.ofSeconds(20);

    private final RoundGateway gateway;
    private final BoxLabel label;
    private final DropBox box;
    private final BoxLink link;
    private final MemberCorpus corpus;
    private final Scorer scorer;
    private final RoundDiary diary;
    private final StopSignal stop;
    private Optional<Digest> laidOut = Optional.empty();
    private Optional<StepWatch> steps = Optional.empty();
    private List<String> refused = List.of();
    private String amiss = "";
    private Duration poll = Participant.super.poll();

    BoxAttendant(
            RoundGateway gateway,
            BoxLabel label,
            DropBox box,
            BoxLink link,
            MemberCorpus corpus,
            Scorer scorer,
            RoundDiary diary,
            StopSignal stop) {
        this.gateway = gateway;
        this.label = label;
        this.box = box;
        this.link = link;
        this.corpus = corpus;
        this.scorer = scorer;
        this.diary = diary;
        this.stop = stop;
    }

    @Override
    public void takePart(RoundView view) {
        boolean awaited = view.awaited().contains(label.member());
        boolean here =
                view.phase() == RoundView.Phase.SCORING
                        && awaited
                        && view.candidate().isPresent()
                        && corpus.isHere(PermittedUse.EVALUATION);
        if (here) {
            // The text is not where the computing is: nobody else could.
            scorer.score(view.plan().orElseThrow(), view.candidate().orElseThrow());
        } else if (awaited) {
            attend(view);
            poll = Duration.ZERO; // it has waited at the box
        } else {
            gateway.fetch(view); // a published base is looked up and believed
            give();
            laidOut = Optional.empty();
            poll = Participant.super.poll();
        }
        diary.waits(view, "");
    }

    private void attend(RoundView view) {
        take(view);
        Optional<Digest> wanted =
                view.phase() == RoundView.Phase.SCORING ? view.candidate() : view.planDigest();
        if (!isFinishing(view) && (!laidOut.equals(wanted) || !box.hasOrders())) {
            box.claim(label);
            if (!(gateway.fetch(view) instanceof RoundGateway.Fetched.Ready ready)) {
                return;
            }
            laidOut = wanted;
            refused = List.of();
            steps =
                    ready.work() == Work.CONTRIBUTION
                            ? Optional.of(diary.watching(box.directory(), box.training()))
                            : Optional.empty();
            diary.begins(
                    ready.work() == Work.SCORE ? Phase.SCORING : Phase.TRAINING,
                    ready.round(),
                    "elsewhere: waiting for what comes back to " + box.path());
        }
        give(); // also what has been lost there since
        for (long looks = WATCH.dividedBy(link.pace()); looks > 0; looks--) {
            take(view);
            // In this order, or what comes between the two would be handed in without its steps.
            List<String> lies = box.results().stamp();
            steps.ifPresent(StepWatch::look);
            if (!lies.isEmpty() && !lies.equals(refused)) {
                handIn(view, lies);
                return;
            }
            stop.interruptibly(this::pause);
        }
    }

    /** As a node trains to the end what it has begun, if that is still taken. */
    private boolean isFinishing(RoundView view) {
        return gateway.closed(view).isPresent() && (box.isDone() || box.isBegun());
    }

    private void handIn(RoundView view, List<String> lies) {
        try {
            BoxAnswer answer = gateway.submit(view);
            give();
            if (answer.comesAgain()) {
                refused = lies; // it is kept, and brought when the next round collects
            } else if (!answer.admitted()) {
                refuse(lies, answer);
            }
        } catch (NodeException e) {
            switch (e.code()) {
                // Whoever put it there can put something better there.
                case BOX_INCOMPLETE, BOX_DAMAGED, TRAINER_OUTPUT, OTHER_MEMBER ->
                        refuse(lies, word(view, e));
                default -> throw e;
            }
        }
    }

    private void refuse(List<String> lies, BoxAnswer answer) {
        refused = lies;
        box.answer(answer);
        give();
        diary.declines(
                answer.round(),
                new Setback(Setback.Outlook.LASTING, answer.code().orElse(""), answer.detail()));
    }

    /** What cannot be taken is told once; orders of another round may follow all the same. */
    private void take(RoundView view) {
        try {
            stop.interruptibly(link::take);
            amiss = "";
        } catch (NodeException e) {
            switch (e.code()) {
                case BOX_INCOMPLETE, BOX_DAMAGED -> {
                    String now = String.valueOf(e.getMessage());
                    if (!now.equals(amiss)) {
                        amiss = now;
                        refuse(List.of(), word(view, e));
                    }
                }
                default -> throw e;
            }
        }
    }

    private BoxAnswer word(RoundView view, NodeException e) {
        return new BoxAnswer(
                view.plan().orElseThrow().round(),
                box.isToScore() ? Work.SCORE : Work.CONTRIBUTION,
                false,
                Optional.of(e.code().name()),
                String.valueOf(e.getMessage()));
    }

    private void give() {
        stop.interruptibly(link::give);
    }

    private void pause() {
        try {
            Thread.sleep(link.pace());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new NodeException(Code.STOPPED, "the node was asked to stop", e);
        }
    }

    @Override
    public Duration poll() {
        return poll;
    }

    @Override
    public void rest() {}
}
