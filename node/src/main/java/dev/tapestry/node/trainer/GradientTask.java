package dev.tapestry.node.trainer;

import java.nio.file.Path;
import java.util.Optional;

/**
 * What a round asks of a trainer beside weights: its mean gradient, and its gradients corrected by
 * what everybody's were (SCAFFOLD, arXiv 1910.06378).
 *
 * @param correction directory of what is added to every gradient, everybody's mean less this
 *     member's: F32, with the names, shapes and shards of the base; empty where the member has no
 *     gradient in the base, or nobody has
 * @param target where the directory of the mean gradient goes, before the correction; does not
 *     exist yet, or is empty
 */
public record GradientTask(Optional<Path> correction, Path target) {}
