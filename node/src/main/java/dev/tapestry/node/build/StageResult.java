package dev.tapestry.node.build;

import dev.tapestry.consortium.Digest;

/**
 * What a stage came to; {@code stage.json} beside the model.
 *
 * @param order what it was made of
 * @param model digest of the model that it ended with
 * @param tokens that it was trained on
 */
public record StageResult(StageOrder order, Digest model, long tokens) {}
