package dev.tapestry.aggregation;

import dev.tapestry.consortium.Finding;
import dev.tapestry.consortium.RoundInput.Refusal;
import dev.tapestry.weights.FloatConversion;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.codec.CodedUpdate;
import java.lang.foreign.MemorySegment;
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
        return refusal(gradient.norm());
    }

    /**
     * The same of one that is not coded yet; also refuses one that says nothing.
     *
     * @param gradient all F32
     */
    public Optional<Refusal> refusal(ModelDirectory gradient) {
        double squares = 0;
        for (String name : gradient.tensors().keySet()) {
            MemorySegment numbers = gradient.data(name);
            for (long at = 0; at < numbers.byteSize(); at += Float.BYTES) {
                double number = numbers.get(FloatConversion.FLOAT_LE, at);
                squares += number * number;
            }
            if (!Double.isFinite(squares)) {
                return Optional.of(
                        new Refusal(
                                Finding.NON_FINITE,
                                "the mean gradient of '%s' holds NaN or infinities"
                                        .formatted(name)));
            }
        }
        return squares == 0
                ? Optional.of(
                        new Refusal(Finding.UPDATE_IS_ZERO, "the mean gradient is 0 everywhere"))
                : refusal(Math.sqrt(squares));
    }

    private Optional<Refusal> refusal(double norm) {
        double largest = LARGEST_GRADIENT * clipNorm;
        return norm <= largest
                ? Optional.empty()
                : Optional.of(
                        new Refusal(
                                Finding.GRADIENT_TOO_LARGE,
                                "the mean gradient's norm is %.6g; the plan's clipNorm allows %s"
                                        .formatted(norm, largest)));
    }
}
