package dev.tapestry.weights.codec;

import java.nio.file.Path;
import java.util.Optional;

/**
 * Error feedback: what a codec loses in one round is added to the update of the next, u = β·e + Δ,
 * and e′ = u − decode(encode(u)) is kept (Karimireddy et al., arXiv 1901.09847).
 *
 * <p>The residual e is a safetensors file of F32 tensors that never leaves the member. With β = 1
 * nothing is lost for good: the sum of what was decoded differs from the sum of all Δ by the last
 * residual only.
 *
 * @param before e of the round before; none in the first round
 * @param after where e′ goes; may be the same file
 * @param decay β, from 0 to 1
 */
public record Feedback(Optional<Path> before, Optional<Path> after, double decay) {

    public Feedback {
        if (!(decay >= 0 && decay <= 1)) {
            throw new IllegalArgumentException("β is from 0 to 1, not " + decay);
        }
        if (before.isPresent() && after.isEmpty()) {
            throw new IllegalArgumentException(
                    "a residual that is read is also written, or what this round loses is lost");
        }
    }

    /** Nothing is remembered: for codecs that lose little. */
    public static Feedback none() {
        return new Feedback(Optional.empty(), Optional.empty(), 0);
    }

    /** The first round: there is no residual yet. */
    public static Feedback first(Path after) {
        return new Feedback(Optional.empty(), Optional.of(after), 0);
    }

    /** A later round. */
    public static Feedback next(Path before, Path after, double decay) {
        return new Feedback(Optional.of(before), Optional.of(after), decay);
    }
}
