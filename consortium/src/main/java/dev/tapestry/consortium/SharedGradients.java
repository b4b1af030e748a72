package dev.tapestry.consortium;

import java.util.Optional;

/**
 * That members share their mean gradients beside their weights, so that each corrects its own by
 * what the others' say (SCAFFOLD, arXiv 1910.06378): members with different text then pull one way.
 *
 * @param codec in which they travel, in both directions
 * @param mean digest of the mean over the members of the round that made the base, a model whose
 *     one file is the coded gradient; empty where there was no such round
 */
public record SharedGradients(CodecName codec, Optional<Digest> mean) {}
