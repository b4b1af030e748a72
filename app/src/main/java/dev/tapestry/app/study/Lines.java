package dev.tapestry.app.study;

import dev.tapestry.app.study.Scheme.Residual;
import dev.tapestry.app.study.Scheme.Sharing;
import dev.tapestry.app.study.Scheme.Wire;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.training.Trainer;
import dev.tapestry.weights.codec.Codec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Function;

/**
 * The lines between the members of a simulated consortium and its coordinator.
 *
 * @param wire how updates are coded; empty for whole weights in fp32
 * @param sharing what members share beside weights; empty for nothing
 */
record Lines(Optional<Wire> wire, Optional<Sharing> sharing) {

    /** What the coordinator sends. */
    record Down(Transfer base, Transfer shared) {
        long bytes() {
            return base.bytes() + shared.bytes();
        }
    }

    /**
     * A member at its end of them.
     *
     * @param share of the fastest member's steps that it does, above 0 and at most 1
     * @param work the simulation's folder, in which it keeps what outlives a merge
     */
    Learner learner(MemberId member, Trainer trainer, double share, Path work) throws IOException {
        Path memory = Files.createDirectories(work.resolve("residuals-of-" + member));
        return new Learner(
                member,
                trainer,
                new Transfer(wire.map(Wire::up), residual(), memory),
                shared(Wire::up, memory),
                sharing,
                residual() == Residual.KEPT,
                memory,
                share);
    }

    /**
     * The line down to all members, who have the same base. The coordinator has no weights of its
     * own to keep a residual in.
     */
    Down toAll(Path work) throws IOException {
        return down(
                residual() == Residual.KEPT ? Residual.ADDED : residual(),
                work.resolve("residuals-of-the-coordinator"));
    }

    /**
     * The line down to one member. The difference to what that member has is coded, so that what
     * was lost is part of the next.
     */
    Down to(MemberId member, Path work) throws IOException {
        return down(Residual.DROPPED, work.resolve("residuals-for-" + member));
    }

    private Down down(Residual residual, Path memory) throws IOException {
        return new Down(
                new Transfer(
                        wire.map(Wire::down),
                        residual,
                        Files.createDirectories(memory.resolve("base"))),
                shared(Wire::down, memory));
    }

    /** Gradients need no residual: each is coded as the difference to what the other end has. */
    private Transfer shared(Function<Wire, Codec> codec, Path memory) throws IOException {
        boolean states = sharing.equals(Optional.of(Sharing.GRADIENTS));
        return new Transfer(
                wire.map(both -> both.shared().orElseGet(() -> codec.apply(both))),
                states ? Residual.DROPPED : residual(),
                Files.createDirectories(memory.resolve("shared")));
    }

    private Residual residual() {
        return wire.map(Wire::residual).orElse(Residual.DROPPED);
    }
}
