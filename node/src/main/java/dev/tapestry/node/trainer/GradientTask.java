package dev.tapestry.node.trainer;

import java.nio.file.Path;
import java.util.Optional;

/**
 * What a round asks of a trainer beside weights: its mean gradient, and its gradients corrected by
 * what everybody's were (SCAFFOLD, arXiv 1910.06378).
 *
 * @param correction by what; empty where the member has no gradient in the base, or nobody has
 * @param target where the directory of the mean gradient goes; does not exist yet, or is empty
 */
public record GradientTask(Optional<Correction> correction, Path target) {

    /**
     * Gradients are moved by everybody's mean, less this member's part of it.
     *
     * @param own the file of this member's coded mean gradient, as it was merged
     * @param shared the file of everybody's
     */
    public record Correction(Path own, Path shared) {}
}
