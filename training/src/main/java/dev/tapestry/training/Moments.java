package dev.tapestry.training;

import dev.tapestry.weights.FloatConversion;
import dev.tapestry.weights.ModelDirectory;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/**
 * The optimiser's running averages of gradients on disk.
 *
 * <p>Why members share them: Muon and AdamW normalise, so a member's step has the same length
 * whether its gradient is large or small, and the mean of normalised steps is not the normalised
 * mean. Members with different text then pull at what they do not need with all their strength.
 * From moments that are everybody's mean they go in directions that are everybody's.
 */
final class Moments {

    private static final String SECOND = "second_moment";

    private Moments() {}

    static void write(Optimizer optimizer, Path target) {
        NamedBuffers.write(optimizer.state(), target);
    }

    /** Takes over what {@code shared} holds. */
    static void read(ModelDirectory shared, Optimizer optimizer) {
        NamedBuffers.read(shared, optimizer.state());
        keepSquares(optimizer);
    }

    /** Adds {@code shared} − {@code sent} to what the optimiser has. */
    static void addDifference(ModelDirectory shared, ModelDirectory sent, Optimizer optimizer) {
        NamedBuffers.addDifference(shared, sent, optimizer.state());
        keepSquares(optimizer);
    }

    /** Coding and differences may leave less than nothing of a mean of squares. */
    private static void keepSquares(Optimizer optimizer) {
        optimizer
                .state()
                .forEach((name, buffer) -> {
                    if (name.endsWith(SECOND)) {
                        MemorySegment values = NativeTensors.memory(buffer);
                        for (long at = 0; at < values.byteSize(); at += Float.BYTES) {
                            if (values.get(FloatConversion.FLOAT_LE, at) < 0) {
                                values.set(FloatConversion.FLOAT_LE, at, 0);
                            }
                        }
                    }
                });
    }
}
