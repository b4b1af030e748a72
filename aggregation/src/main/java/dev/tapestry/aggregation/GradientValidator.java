package dev.tapestry.aggregation;

import dev.tapestry.consortium.Finding;
import dev.tapestry.consortium.RoundInput.Refusal;
import dev.tapestry.weights.codec.CodedUpdate;
import java.util.Optional;

/**
 * Looks at a member's mean gradient before it can touch everybody's.
 *
 * @param clipNorm to which the plan scales each step's gradient down: a member's mean gradient is
 *     not a hundred times as long
 */
public record GradientValidator(double clipNorm) {

    private static final double LARGEST_GRADIENT = 100;

    /**
     * Why it cannot be one; empty where it can.
     *
     * @throws dev.tapestry.weights.WeightsException {@code PAYLOAD} for bytes that its codec does
     *     not write
     */
    public Optional<Refusal> refusal(CodedUpdate gradient) {
        double largest = LARGEST_GRADIENT * clipNorm;
        double norm = gradient.norm();
        return norm <= largest
                ? Optional.empty()
                : Optional.of(
                        new Refusal(
                                Finding.GRADIENT_TOO_LARGE,
                                "the mean gradient's norm is %.6g; the plan's clipNorm allows %s"
                                        .formatted(norm, largest)));
    }
}
