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
     * What is to be trained: allowed by the card, from a base that the log proves and that is here.
     *
     * @return empty when the view is old, and a newer one is to be had
     */
    Optional<RoundTask> task(RoundPlan plan, RoundView view) {
        corpus.require(PermittedUse.CONTRIBUTED_CPT, PermittedUse.EVALUATION);
        Stream.concat(plan.up().stream(), plan.gradients().map(SharedGradients::codec).stream())
                .forEach(codec -> Codec.named(codec.value())); // or it would train in vain
        if (!isCurrent(plan, plan.base())) {
            return Optional.empty();
        }
        Path base = receive(plan, "base", plan.base());
        return Optional.of(
                new RoundTask(
                        plan,
                        named(view.planDigest(), "a plan without its digest"),
                        view.roundsPublished() * plan.training().tokensPerRound(),
                        base,
                        steps.steps(plan.round(), plan),
                        Optional.empty()));
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
