package dev.tapestry.app.study;

import dev.tapestry.app.study.Scheme.Sharing;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.training.Trainer;
import dev.tapestry.weights.Drafts;
import dev.tapestry.weights.ModelDirectory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

/** A member of a simulated consortium: its trainer and its line to the coordinator. */
final class Learner implements AutoCloseable {

    private final MemberId member;
    private final Trainer trainer;
    private final Transfer line;
    private final Transfer sharedLine;
    private final Optional<Sharing> sharing;
    private final boolean keepsResidual;
    private final double share;
    private final Path memory;

    /** Its weights as others know them, from which its progress is counted. */
    private Path reference = Path.of("");

    /** Likewise what it shares beside them. */
    private Optional<Path> sharedReference = Optional.empty();

    private int sharedExports;

    /** Whether it has trained on since then. */
    private boolean ahead;

    private long stepsNotMerged;

    /**
     * A member.
     *
     * @param sharedLine the same for what members share beside weights
     * @param keepsResidual whether what its codec lost stays in its weights
     * @param memory a folder that exists, for what outlives a round
     * @param share of the fastest member's steps that it does, above 0 and at most 1
     */
    Learner(
            MemberId member,
            Trainer trainer,
            Transfer line,
            Transfer sharedLine,
            Optional<Sharing> sharing,
            boolean keepsResidual,
            Path memory,
            double share) {
        this.member = member;
        this.trainer = trainer;
        this.line = line;
        this.sharedLine = sharedLine;
        this.sharing = sharing;
        this.keepsResidual = keepsResidual;
        this.memory = memory;
        this.share = share;
        if (sharing.equals(Optional.of(Sharing.GRADIENTS))) {
            trainer.countGradients();
        }
    }

    MemberId member() {
        return member;
    }

    /** Bytes that it sent. */
    long uploaded() {
        return line.bytes() + sharedLine.bytes();
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
     * @param shared what members share beside it
     */
    void misses(Path base, Optional<Path> shared) {
        reference = base;
        if (sharing.equals(Optional.of(Sharing.MOMENTS))) {
            sharedReference = shared;
        }
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

    /** What it shares beside weights, as it is now; empty if nothing is shared. */
    Optional<Path> shared(Path folder) {
        Path own = folder.resolve("shared-of-" + member);
        return sharing.map(what -> {
            switch (what) {
                case MOMENTS -> trainer.exportMoments(own);
                case GRADIENTS -> trainer.exportGradients(own);
            }
            return own;
        });
    }

    /**
     * Contributes what it shares beside weights.
     *
     * @param shared what all members had at the last merge
     * @return its own as the coordinator sees it
     */
    Path contributeShared(ModelDirectory shared, Path folder) {
        Path own = shared(folder).orElseThrow();
        return switch (sharing.orElseThrow()) {
            case MOMENTS -> {
                sharedReference = Optional.of(own);
                yield sharedLine.carry(
                        shared,
                        own,
                        shared.tensors().keySet(),
                        folder.resolve("shared-from-" + member));
            }
            case GRADIENTS -> contributeGradients(shared, own);
        };
    }

    /**
     * The difference to what the coordinator has of it is coded (EF21, arXiv 2106.05203). Both ends
     * then go on from what was decoded, so that all members' corrections add up to nothing however
     * much a codec loses.
     */
    private Path contributeGradients(ModelDirectory none, Path own) {
        Path folder = memory.resolve("gradients-" + sharedExports++);
        Path last = sharedReference.orElse(none.path());
        Path seen;
        try (ModelDirectory before = ModelDirectory.open(last)) {
            seen = sharedLine.carry(before, own, before.tensors().keySet(), folder);
        }
        sharedReference.map(Path::getParent).ifPresent(Learner::delete);
        sharedReference = Optional.of(seen);
        return seen;
    }

    private static void delete(Path folder) {
        try {
            Drafts.delete(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Takes over what everybody shares, under what came in since; before the weights. */
    void receiveShared(ModelDirectory shared) {
        if (sharing.equals(Optional.of(Sharing.MOMENTS)) && !ahead) {
            trainer.replaceMoments(shared);
        } else if (sharedReference.isPresent()) {
            try (ModelDirectory sent = ModelDirectory.open(sharedReference.get())) {
                switch (sharing.orElseThrow()) {
                    case MOMENTS -> trainer.rebaseMoments(sent, shared);
                    case GRADIENTS -> trainer.correctGradients(sent, shared);
                }
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
