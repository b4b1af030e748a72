package dev.tapestry.training;

import dev.tapestry.training.TrainingException.Code;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Which matrices a model learns a change of low rank to (LoRA; Hu et al., arXiv:2106.09685): W +
 * (α/r)·B·A, with A {@code [r, in]} and B {@code [out, r]}. All other weights stay as they are.
 * There is no dropout.
 *
 * @param rank r
 * @param alpha α
 * @param targets Hugging Face's names of the projections, in every layer
 */
public record LoraPlan(int rank, double alpha, SortedSet<String> targets) {

    /** The matrix of a projection in its layer. */
    private static final List<String> PROJECTIONS =
            List.of(
                    "self_attn.q_proj",
                    "self_attn.k_proj",
                    "self_attn.v_proj",
                    "self_attn.o_proj",
                    "mlp.gate_proj",
                    "mlp.up_proj",
                    "mlp.down_proj");

    public LoraPlan {
        if (rank < 1 || rank > 1 << 12) {
            throw invalid("rank %d is not in 1 to 4096".formatted(rank));
        }
        if (!(alpha > 0 && alpha < 1e6)) {
            throw invalid("alpha %s is not a positive number".formatted(alpha));
        }
        Set<String> known = new TreeSet<>(PROJECTIONS.stream().map(LoraPlan::last).toList());
        if (targets.isEmpty() || !known.containsAll(targets)) {
            throw invalid("targets %s are not some of %s".formatted(targets, known));
        }
        targets = Collections.unmodifiableSortedSet(new TreeSet<>(targets));
    }

    /** All seven projections, with α = 2r: a usual choice. */
    public static LoraPlan of(int rank) {
        return new LoraPlan(
                rank, 2.0 * rank, new TreeSet<>(PROJECTIONS.stream().map(LoraPlan::last).toList()));
    }

    /** α/r. */
    double scale() {
        return alpha / rank;
    }

    /** The parts of a layer that it names, in the order of the layout. */
    List<String> parts() {
        return PROJECTIONS.stream().filter(part -> targets.contains(last(part))).toList();
    }

    private static String last(String part) {
        return part.substring(part.indexOf('.') + 1);
    }

    private static TrainingException invalid(String message) {
        return new TrainingException(Code.INVALID_PLAN, "lora: " + message);
    }
}
