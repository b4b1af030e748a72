package dev.tapestry.consortium;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What a merge measured of the members' updates Δₘ and of the update Δ that became of them: by it a
 * steward chooses the outer learning rate and momentum. Whoever merges the round again gets the
 * same figures to the last bit.
 *
 * @param learningRate η of this merge
 * @param momentum μ of this merge; empty for adaptive optimisers
 * @param updateNorm Euclidean norm ‖Δ‖ over all tensors
 * @param agreement how far the updates agree: first over all tensors, then by kind of tensor
 */
public record MergeFigures(
        double learningRate,
        Optional<Double> momentum,
        double updateNorm,
        List<Agreement> agreement) {

    /** The group of all tensors. */
    public static final String ALL = "ALL";

    /**
     * How far the updates agree, among members and from merge to merge, within a group of tensors.
     * With b the first moment before this merge and c = ⟨b, Δ⟩ ÷ ‖Δ‖², a step with momentum is A Δ
     * and what of b is orthogonal to Δ.
     *
     * @param group {@link #ALL}, or a kind of tensor
     * @param normRatio ‖Δ‖² ÷ Σ wₘ ‖Δₘ‖²: 1 where all members say the same, 1/M for M orthogonal
     *     updates under the mean; 0 where nobody moved
     * @param cosineWithPrevious between Δ and that of the merge that made the base; empty where
     *     none is known
     * @param cosineWithMomentum between Δ and b; empty where there was none
     * @param alignedGain A; empty where there was no b, or the step is not linear in it
     * @param transverse ‖b − cΔ‖ ÷ ‖Δ‖; empty where there was no b
     */
    public record Agreement(
            String group,
            double normRatio,
            Optional<Double> cosineWithPrevious,
            Optional<Double> cosineWithMomentum,
            Optional<Double> alignedGain,
            Optional<Double> transverse) {

        public Agreement {
            alignedGain.ifPresent(value -> finite("alignedGain", value));
            atLeastZero("normRatio", normRatio);
            cosineWithPrevious.ifPresent(value -> cosine("cosineWithPrevious", value));
            cosineWithMomentum.ifPresent(value -> cosine("cosineWithMomentum", value));
            transverse.ifPresent(value -> atLeastZero("transverse", value));
        }

        /** Its numbers in one short line. */
        public String line() {
            StringBuilder line = new StringBuilder(text("norm ratio %.3f", normRatio));
            cosineWithPrevious.ifPresent(
                    cosine -> line.append(text(", cosine with the update before %.3f", cosine)));
            cosineWithMomentum.ifPresent(
                    cosine -> line.append(text(", with the momentum %.3f", cosine)));
            alignedGain.ifPresent(gain -> line.append(text(", gain along %.3f", gain)));
            transverse.ifPresent(across -> line.append(text(", across %.3f", across)));
            return line.toString();
        }

        private static String text(String format, double value) {
            return String.format(Locale.ROOT, format, value);
        }

        private static void cosine(String name, double value) {
            if (!(value >= -1 && value <= 1)) {
                throw new IllegalArgumentException(name + " is between -1 and 1, not " + value);
            }
        }
    }

    public MergeFigures {
        finite("learningRate", learningRate);
        momentum.ifPresent(value -> finite("momentum", value));
        atLeastZero("updateNorm", updateNorm);
        agreement = List.copyOf(agreement);
        if (agreement.stream().map(Agreement::group).distinct().count() < agreement.size()) {
            throw new IllegalArgumentException("agreement names a group twice");
        }
        if (agreement.isEmpty() || !agreement.getFirst().group().equals(ALL)) {
            throw new IllegalArgumentException("agreement begins with the group " + ALL);
        }
    }

    /** How far the updates agree over all tensors. */
    public Agreement whole() {
        return agreement.getFirst();
    }

    private static void finite(String name, double value) {
        if (!Double.isFinite(value)) {
            throw new IllegalArgumentException(name + " is a number, not " + value);
        }
    }

    private static void atLeastZero(String name, double value) {
        if (!(value >= 0) || !Double.isFinite(value)) {
            throw new IllegalArgumentException(name + " is at least 0, not " + value);
        }
    }
}
