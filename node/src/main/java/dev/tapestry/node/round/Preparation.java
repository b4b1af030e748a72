package dev.tapestry.node.round;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.consortium.SharedGradients;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.corpus.PermittedUse;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.NodeUpdate.Phase;
import dev.tapestry.node.StopSignal;
import dev.tapestry.node.access.MemberCorpus;
import dev.tapestry.node.trainer.RoundTask;
import dev.tapestry.node.trainer.StepBook;
import dev.tapestry.weights.codec.Codec;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/** What comes before a member's work in a round, whoever does that work. */
record Preparation(
        MemberCorpus corpus,
        ModelArrival models,
        StepBook steps,
        LogWitness witness,
        RoundDiary diary,
        StopSignal stop) {

    /**
     * Whether a round is to be begun: the card permits it, its codecs are known, and the log proves
     * its base; false when the view is old, and a newer one is to be had.
     */
    boolean isToBegin(RoundPlan plan) {
        requireDoable(plan);
        return isCurrent(plan, plan.base());
    }

    /**
     * The same for who does not look again by itself.
     *
     * @throws NodeException {@code STALE_ROUND} when the view is old
     */
    void requireToBegin(RoundPlan plan) {
        if (!isToBegin(plan)) {
            throw new NodeException(
                    Code.STALE_ROUND,
                    "the loop went on from round %s at this moment; fetch again"
                            .formatted(plan.round()));
        }
    }

    private void requireDoable(RoundPlan plan) {
        corpus.require(PermittedUse.CONTRIBUTED_CPT, PermittedUse.EVALUATION);
        Stream.concat(plan.up().stream(), plan.gradients().map(SharedGradients::codec).stream())
                .forEach(codec -> Codec.named(codec.value())); // or it would train in vain
    }

    /** What is to be trained in a round that is to be begun, from a base that is here then. */
    RoundTask task(RoundPlan plan, RoundView view) {
        return task(
                plan,
                named(view.planDigest(), "a plan without its digest"),
                view.roundsPublished() * plan.training().tokensPerRound());
    }

    /** What was to be trained in a round that has closed since. */
    RoundTask closedTask(RoundPlan plan, Digest digest, long scheduleTokens) {
        requireDoable(plan);
        return task(plan, digest, scheduleTokens);
    }

    private RoundTask task(RoundPlan plan, Digest digest, long scheduleTokens) {
        Path base = receive(plan, "base", plan.base());
        int count = steps.steps(plan.round(), plan);
        return new RoundTask(plan, digest, scheduleTokens, base, count, Optional.empty());
    }

    /** The directory of a model, received unless it is here. */
    Path receive(RoundPlan plan, String what, Digest model) {
        diary.begins(Phase.RECEIVING, plan.round(), what + " " + model.abbreviated());
        return stop.interruptibly(() -> models.receive(plan, model));
    }

    /** Notes a published base, once the log proves it and it is here. */
    void believe(RoundPlan plan, RoundView view) {
        Digest base = named(view.base(), "a published round without a base");
        if (!diary.over(plan.round()) && isCurrent(plan, base)) {
            // Who missed the scoring does not have it yet.
            receive(plan, "base", base);
            diary.published(plan.round(), base);
        }
    }

    /** Whether the log proves the base; if not, the view is old. */
    private boolean isCurrent(RoundPlan plan, Digest base) {
        diary.begins(Phase.VERIFYING, plan.round(), "base " + base.abbreviated());
        return stop.interruptibly(() -> witness.stillNames(base));
    }

    private static Digest named(Optional<Digest> digest, String otherwise) {
        return digest.orElseThrow(() ->
                new NodeException(Code.MALFORMED_REPLY, "the coordinator speaks of " + otherwise));
    }
}
