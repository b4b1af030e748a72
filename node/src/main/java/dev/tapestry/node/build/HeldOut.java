package dev.tapestry.node.build;

import dev.tapestry.consortium.Digest;
import dev.tapestry.node.access.OpenText;
import dev.tapestry.node.evaluation.EvaluationRun;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A text that models are scored on, or none. */
record HeldOut(@Nullable OpenText text) implements AutoCloseable {

    static final HeldOut NONE = new HeldOut(null);

    /** Bits per byte of a model, if there is a text. */
    Optional<Double> loss(LossBook book, Path model, Digest digest, int sequence, long tokens) {
        return Optional.ofNullable(text)
                .map(open ->
                        book.of(
                                model,
                                digest,
                                open.heldOut(),
                                open.heldOutDigest(),
                                sequence,
                                tokens));
    }

    /** The part of it that stages train on, if there is a text. */
    Optional<EvaluationRun.Trained> trained() {
        return Optional.ofNullable(text)
                .map(open -> new EvaluationRun.Trained(open.train(), open.trainDigest()));
    }

    @Override
    public void close() {
        if (text != null) {
            text.close();
        }
    }
}
