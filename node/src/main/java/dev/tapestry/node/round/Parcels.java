package dev.tapestry.node.round;

import dev.tapestry.consortium.ContributionManifest;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.node.NodeUpdate.Phase;
import dev.tapestry.node.StopSignal;
import dev.tapestry.node.build.TrainingRun;
import dev.tapestry.node.trainer.GradientTask;
import dev.tapestry.node.trainer.RoundTask;
import java.nio.file.Path;
import java.util.Optional;

/** Makes signed contributions of what was trained, wherever that was. */
record Parcels(
        MemberId member,
        Outbox outbox,
        Carried residual,
        Gradients gradients,
        LogWitness witness,
        RoundDiary diary,
        StopSignal stop,
        int threads) {

    /** The training of one round. */
    interface LocalWork {
        /** Leaves the weights in {@code target}, and beside them what else the task asks for. */
        TrainingRun.Result train(RoundTask task, Path target);

        /** The weights are there and about to be packed. */
        default void trained(RoundTask task) {}
    }

    /** The contribution that was made for a task before, if there is one. */
    Optional<Outbox.Parcel> made(RoundTask task) {
        return outbox.find(task.round(), task.planDigest());
    }

    /** The task with what is asked beside weights, which is fetched where it has to be. */
    RoundTask asked(RoundTask plain) {
        RoundPlan plan = plain.announced();
        Optional<GradientTask> asked =
                stop.interruptibly(() ->
                        gradients.task(
                                plan,
                                plain.base(),
                                witness.merged(),
                                outbox.gradient(plan.round())));
        return plain.with(asked);
    }

    /**
     * Trains, packs and signs; what an earlier attempt has trained to the end is not trained again.
     *
     * @param text another text is other work
     * @param card digest of the card under which it was trained on
     */
    Outbox.Parcel make(RoundTask plain, String text, Digest card, LocalWork work) {
        RoundPlan plan = plain.announced();
        // What is kept of earlier rounds is taken out of the outbox before they go.
        Optional<Path> lost = plan.up().flatMap(_ -> residual.before(witness.merged()));
        RoundTask task = asked(plain);
        outbox.dropBefore(plan.round());
        String name = plain.planDigest() + " " + text;
        Optional<TrainingRun.Result> before = outbox.trained(plan.round(), name);
        Outbox.Place place =
                before.isPresent() ? outbox.unpacked(plan.round()) : outbox.empty(plan.round());
        TrainingRun.Result trained =
                before.orElseGet(() -> {
                    TrainingRun.Result result = work.train(task, place.weights());
                    outbox.noteTrained(plan.round(), name, result);
                    return result;
                });
        work.trained(task);
        Packing packing = packed(plan, plain.base(), place, lost);
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
                        .on(witness.grounds(card)));
    }

    /** Whether the coordinator's log says now that a contribution was admitted. */
    boolean admitted(Outbox.Parcel parcel) {
        return stop.interruptibly(() -> witness.admits(parcel.contribution()));
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
}
