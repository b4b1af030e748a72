/**
 * What the models of the Llama family have in common and in what they differ, read from Hugging
 * Face's {@code config.json}. Training and export read the differences from here, so that a family
 * is described once.
 *
 * <p>Common to all: token embedding, decoder layers of causal attention with grouped queries and
 * rotary positions and of a SwiGLU feed-forward network, RMSNorm, an output matrix that may be the
 * embedding.
 */
@NullMarked
package dev.tapestry.weights.architecture;

import org.jspecify.annotations.NullMarked;
