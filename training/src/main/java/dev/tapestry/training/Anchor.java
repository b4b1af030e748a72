package dev.tapestry.training;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * A model whose predictions another one is held to while it learns.
 *
 * @param base stays the owner's
 * @param factor of the divergence KL(base‖model) beside the loss
 */
record Anchor(Llama base, double factor) {

    /** What {@code base} sees in a batch; each text by itself. */
    Loss.Teacher teacher(PackedBatch batch, Tensor like, Precision precision) {
        Tensor inputs = TensorMemory.beside(like, batch.inputs()).view(-1);
        Tensor hidden = torch.zeros_like(like);
        for (PackedBatch.Place place : batch.places()) {
            Tensor ids = inputs.narrow(0, place.from(), place.length()).view(1, -1);
            hidden.narrow(0, place.from(), place.length())
                    .copy_(base.forward().hidden(ids, precision, null).squeeze(0));
        }
        return new Loss.Teacher(hidden, base.forward().head(), factor);
    }
}
