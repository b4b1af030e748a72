/**
 * Training, evaluation and generation of models of the Llama family, on libtorch.
 *
 * <p>A model's parameters lie in one flat buffer ({@link dev.tapestry.training.ParameterLayout}),
 * its gradients in a second one of the same layout. The Hugging Face tensors ({@code
 * model.layers.0.self_attn.q_proj.weight} …) are contiguous ranges of it, so that loading and
 * saving are straight copies, the optimisers work on whole ranges, and Muon sees all layers'
 * matrices of one kind as one strided batch.
 *
 * <p>Native memory: whatever a step creates is freed by the step's own {@code PointerScope}; what
 * lives longer is retained by its owner and released in {@code close()}. Nothing waits for the
 * garbage collector.
 *
 * <p>Threads: a {@link dev.tapestry.training.Trainer} or {@link dev.tapestry.training.Llama}
 * belongs to one thread at a time. On the processors results repeat bit by bit for the same number
 * of native threads.
 *
 * <p>A member's own model is made by a {@link dev.tapestry.training.Tuner} from {@link
 * dev.tapestry.training.Lessons}: running text, conversations, answers that are preferred, or
 * rewards. All but the first learn by one form: the sum over positions of weight · (−log p), where
 * the weight is 1 for an answer's token, or minus the derivative of a loss by its log-probability.
 *
 * <p>Devices: all tensors of a model lie on one {@link dev.tapestry.training.Device}; each is made
 * from one that it is computed with, and Java reads and writes numbers through {@code
 * TensorMemory}.
 */
@NullMarked
package dev.tapestry.training;

import org.jspecify.annotations.NullMarked;
