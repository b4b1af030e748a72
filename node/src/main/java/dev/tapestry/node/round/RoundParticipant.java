package dev.tapestry.node.round;

import dev.tapestry.consortium.ContributionManifest;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.consortium.Score;
import dev.tapestry.consortium.SharedGradients;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.corpus.PermittedUse;
import dev.tapestry.node.NodeEvent.Verdict;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.NodeUpdate.Phase;
import dev.tapestry.node.StopSignal;
import dev.tapestry.node.access.MemberCorpus;
import dev.tapestry.node.access.OpenText;
import dev.tapestry.node.build.TrainingRun;
import dev.tapestry.node.trainer.GradientTask;
import dev.tapestry.node.trainer.RoundTask;
import dev.tapestry.node.trainer.RoundTrainer;
import dev.tapestry.node.trainer.StepBook;
import dev.tapestry.weights.codec.Codec;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/** A member's part in one round, whatever state the round is in and whatever was done before. */
final class RoundParticipant {

    private final MemberId member;
    private final ModelArrival models;
    private final MemberCorpus corpus;
    private final RoundTrainer trainer;
    private final StepBook steps;
    private final Outbox outbox;
    private final Carried residual;
    private final Gradients gradients;
    private final Courier courier;
    private final ScoreBook scores;
    private final LogWitness witness;
    private final RoundDiary diary;
    private final StopSignal stop;
    private final int threads;

    RoundParticipant(
            MemberId member,
            ModelArrival models,
            MemberCorpus corpus,
            RoundTrainer trainer,
            StepBook steps,
            Outbox outbox,
            Carried residual,
            Gradients gradients,
            Courier courier,
            ScoreBook scores,
            LogWitness witness,
            RoundDiary diary,
            StopSignal stop,
            int threads) {
        this.member = member;
        this.models = models;
        this.corpus = corpus;
        this.trainer = trainer;
        this.steps = steps;
        this.outbox = outbox;
        this.residual = residual;
        this.gradients = gradients;
        this.courier = courier;
        this.scores = scores;
        this.witness = witness;
        this.diary = diary;
        this.stop = stop;
        this.threads = threads;
    }

    /** Does what the round waits for from this member, if anything. */
    void takePart(RoundView view) {
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
                    score(plan, view.candidate().get());
                }
            }
            case PUBLISHED -> believe(plan, view);
            case ROLLED_BACK, ABANDONED -> diary.failed(plan.round(), view.reason());
            case IDLE, MERGING -> {}
        }
        diary.waits(view, "");
    }

    private void contribute(RoundPlan plan, RoundView view) {
        corpus.require(PermittedUse.CONTRIBUTED_CPT, PermittedUse.EVALUATION);
        Stream.concat(plan.up().stream(), plan.gradients().map(SharedGradients::codec).stream())
                .forEach(codec -> Codec.named(codec.value())); // or it would train in vain
        if (!isCurrent(plan, plan.base()) || contributesLate(plan, view)) {
            return;
        }
        Path base = receive(plan, "base", plan.base());
        Digest planDigest = named(view.planDigest(), "a plan without its digest");
        RoundTask task = task(plan, planDigest, view.roundsPublished(), base);
        boolean last = view.roundsPublished() + 1 >= view.roundsPlanned();
        Optional<Outbox.Parcel> made = outbox.find(plan.round(), planDigest);
        made.ifPresent(_ -> goOn(task, last));
        Outbox.Parcel parcel = made.orElseGet(() -> train(task, last));
        diary.begins(Phase.SENDING, plan.round(), "a contribution of " + size(parcel));
        courier.deliver(parcel);
    }

    /**
     * What was ready after its round had closed stands for this member in the one that collects.
     */
    private boolean contributesLate(RoundPlan plan, RoundView view) {
        Optional<Digest> merged = witness.merged();
        return view.late().stream()
                .map(RoundView.LateWindow::round)
                .filter(earlier -> earlier.compareTo(plan.round()) < 0)
                .flatMap(earlier -> outbox.find(earlier).stream())
                .filter(parcel -> !merged.equals(Optional.of(parcel.contribution())))
                .anyMatch(parcel -> isTaken(parcel, plan));
    }

    private boolean isTaken(Outbox.Parcel parcel, RoundPlan plan) {
        RoundNumber earlier = parcel.manifest().round();
        diary.begins(
                Phase.SENDING,
                plan.round(),
                "the contribution to round %s, %s".formatted(earlier, size(parcel)));
        try {
            return courier.deliver(parcel) == Courier.Delivery.ADMITTED;
        } catch (NodeException e) {
            if (e.code() != Code.COORDINATOR_REFUSED) {
                throw e;
            }
            outbox.drop(earlier); // too late: this member trains in this round, as others do
            diary.declines(earlier, Setback.of(e));
            return false;
        }
    }

    /** Whether the log proves the base; if not, the view is old, and a newer one is to be had. */
    private boolean isCurrent(RoundPlan plan, Digest base) {
        diary.begins(Phase.VERIFYING, plan.round(), "base " + base.abbreviated());
        return stop.interruptibly(() -> witness.stillNames(base));
    }

    private Path receive(RoundPlan plan, String what, Digest model) {
        diary.begins(Phase.RECEIVING, plan.round(), what + " " + model.abbreviated());
        return stop.interruptibly(() -> models.receive(plan, model));
    }

    private Outbox.Parcel train(RoundTask plain, boolean last) {
        RoundPlan plan = plain.announced();
        Path base = plain.base();
        diary.begins(
                Phase.PACKING, plan.round(), "the corpus for base " + plan.base().abbreviated());
        try (OpenText text = corpus.open(base, PermittedUse.CONTRIBUTED_CPT)) {
            diary.decided(plan.round(), Verdict.TRAINS, "the card permits contributed-cpt");
            diary.begins(Phase.TRAINING, plan.round(), plain.count() + " steps");
            // What is kept of earlier rounds is taken out of the outbox before they go.
            Optional<Digest> merged = witness.merged();
            Optional<Path> lost = plan.up().flatMap(_ -> residual.before(merged));
            Optional<GradientTask> gradientTask =
                    stop.interruptibly(() ->
                            gradients.task(plan, base, merged, outbox.gradient(plan.round())));
            outbox.dropBefore(plan.round());
            RoundTask task = plain.with(gradientTask);
            String name = plain.planDigest() + " " + text.pack();
            Optional<TrainingRun.Result> before = outbox.trained(plan.round(), name);
            Outbox.Place place =
                    before.isPresent() ? outbox.unpacked(plan.round()) : outbox.empty(plan.round());
            TrainingRun.Result trained =
                    before.orElseGet(() -> {
                        TrainingRun.Result result = trainer.train(task, text, place.weights());
                        outbox.noteTrained(plan.round(), name, result);
                        return result;
                    });
            goOn(task, last);
            Packing packing = packed(plan, base, place, lost);
            return outbox.sign(
                    new ContributionManifest(
                                    plan.round(),
                                    member,
                                    plan.base(),
                                    plain.planDigest(),
                                    packing.weights(),
                                    packing.update(),
                                    packing.gradient(),
                                    trained.tokens(),
                                    trained.steps(),
                                    trained.bitsPerByte())
                            .on(witness.grounds(text.card())));
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

    /** Ends what goes on beside a round. */
    void rest() {
        trainer.rest();
    }

    private RoundTask task(RoundPlan plan, Digest planDigest, int published, Path base) {
        long scheduleTokens = published * plan.training().tokensPerRound();
        int count = steps.steps(plan.round(), plan);
        return new RoundTask(plan, planDigest, scheduleTokens, base, count, Optional.empty());
    }

    private Packing packed(RoundPlan plan, Path base, Outbox.Place place, Optional<Path> before) {
        Packing weights =
                plan.up()
                        .map(codec -> {
                            diary.begins(Phase.PACKING, plan.round(), "the update in " + codec);
                            return Packing.coded(codec, base, place, before, threads);
                        })
                        .orElseGet(() -> Packing.whole(place.weights()));
        Path sent = weights.update().isPresent() ? place.update() : place.weights();
        return plan.gradients()
                .map(shared -> weights.with(shared.codec(), place.gradient(), sent, threads))
                .orElse(weights);
    }

    private void score(RoundPlan plan, Digest candidate) {
        corpus.require(PermittedUse.EVALUATION);
        receive(plan, "base", plan.base()); // first: the candidate may come as a step from it
        Path model = receive(plan, "candidate", candidate);
        diary.begins(Phase.SCORING, plan.round(), "candidate " + candidate.abbreviated());
        try (OpenText text = corpus.open(model, PermittedUse.CONTRIBUTED_CPT)) {
            Score score =
                    scores.score(
                            plan,
                            candidate,
                            text,
                            tokens -> {
                                stop.check();
                                diary.advances(Phase.SCORING, plan.round(), tokens);
                            });
            stop.check();
            courier.report(plan.round(), candidate, score);
        }
    }

    private void believe(RoundPlan plan, RoundView view) {
        Digest base = named(view.base(), "a published round without a base");
        if (!diary.over(plan.round()) && isCurrent(plan, base)) {
            // Who missed the scoring does not have it yet.
            receive(plan, "base", base);
            diary.published(plan.round(), base);
        }
    }

    private static Digest named(Optional<Digest> digest, String otherwise) {
        return digest.orElseThrow(() ->
                new NodeException(Code.MALFORMED_REPLY, "the coordinator speaks of " + otherwise));
    }

    private static String size(Outbox.Parcel parcel) {
        return "%,d bytes".formatted(parcel.manifest().sent().bytes());
    }
}
