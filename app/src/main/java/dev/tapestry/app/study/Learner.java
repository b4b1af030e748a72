package dev.tapestry.app.study;

import dev.tapestry.consortium.MemberId;
import dev.tapestry.training.Trainer;
import dev.tapestry.weights.ModelDirectory;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

/** A member of a simulated consortium: its trainer and its line to the coordinator. */
final class Learner implements AutoCloseable {

    private final MemberId member;
    private final Trainer trainer;
    private final Transfer line;
    private final Transfer momentsLine;
    private final boolean keepsResidual;

    private final double share;

    /** Its weights as others know them, from which its progress is counted. */
    private Path reference = Path.of("");

    /** Likewise its optimiser's running averages. */
    private Optional<Path> referenceMoments = Optional.empty();

    /** Whether it has trained on since then. */
    private boolean ahead;

    private long stepsNotMerged;

    /**
     * A member.
     *
     * @param momentsLine the same for the optimiser's running averages
     * @param keepsResidual whether what its codec lost stays in its weights
     * @param share of the fastest member's steps that it does, above 0 and at most 1
     */
    Learner(
            MemberId member,
            Trainer trainer,
            Transfer line,
            Transfer momentsLine,
            boolean keepsResidual,
            double share) {
        this.member = member;
        this.trainer = trainer;
        this.line = line;
        this.momentsLine = momentsLine;
        this.keepsResidual = keepsResidual;
        this.share = share;
    }

    MemberId member() {
        return member;
    }

    /** Bytes that it sent. */
    long uploaded() {
        return line.bytes() + momentsLine.bytes();
    }

    /** Steps since its last contribution: how much the next one counts. */
    long stepsNotMerged() {
        return stepsNotMerged;
    }

    /** The share of the fastest member's steps that it does. */
    double share() {
        return share;
    }

    /**
     * Trains.
     *
     * @param steps of the fastest member
     * @return its own
     */
    long train(int steps) {
        long own = Math.round(steps * share);
        for (long step = 0; step < own; step++) {
            trainer.step();
        }
        stepsNotMerged += own;
        ahead |= own > 0;
        return own;
    }

    /** Sets its learning rate to where the whole consortium's schedule is. */
    void scheduleAt(long tokens) {
        trainer.continueScheduleAt(tokens);
    }

    /**
     * Its contribution misses a merge: what it learnt since the last one counts in the next.
     *
     * @param base the base that it has
     * @param moments the shared running averages that it has
     */
    void misses(Path base, Optional<Path> moments) {
        reference = base;
        referenceMoments = moments;
        ahead = true;
    }

    /**
     * Contributes its weights.
     *
     * @return the contribution as the coordinator sees it
     */
    Path contribute(ModelDirectory base, Set<String> merged, Path folder) {
        Path own = folder.resolve("weights-of-" + member);
        trainer.exportLike(base, own);
        Path seen = line.carry(base, own, merged, folder.resolve("from-" + member));
        reference = keepsResidual ? seen : own;
        ahead = keepsResidual;
        stepsNotMerged = 0;
        return seen;
    }

    /** Its optimiser's running averages. */
    Path moments(Path folder) {
        Path own = folder.resolve("moments-of-" + member);
        trainer.exportMoments(own);
        return own;
    }

    /**
     * Contributes its optimiser's running averages.
     *
     * @param shared what all members had at the last merge
     * @return the averages as the coordinator sees them
     */
    Path contributeMoments(ModelDirectory shared, Path folder) {
        Path own = moments(folder);
        referenceMoments = Optional.of(own);
        return momentsLine.carry(
                shared, own, shared.tensors().keySet(), folder.resolve("moments-from-" + member));
    }

    /** Takes over everybody's running averages, under what came in since; before the weights. */
    void receiveMoments(ModelDirectory shared) {
        if (!ahead) {
            trainer.replaceMoments(shared);
        } else if (referenceMoments.isPresent()) {
            try (ModelDirectory sent = ModelDirectory.open(referenceMoments.get())) {
                trainer.rebaseMoments(sent, shared);
            }
        }
    }

    /** Takes over what a merge made of the contributions, under what it learnt since. */
    void receive(ModelDirectory base, Set<String> merged) {
        if (!ahead) {
            trainer.replaceWeights(base, merged::contains);
            return;
        }
        try (ModelDirectory since = ModelDirectory.open(reference)) {
            trainer.rebase(since, base, merged::contains);
        }
        ahead = false;
    }

    @Override
    public void close() {
        trainer.close();
    }
}
