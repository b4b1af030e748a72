package dev.tapestry.training;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/** Cross-entropy of the next token, in nats. */
final class Loss {

    private static final int MEAN = 1;
    private static final int NO_TOKEN = -100;

    private Loss() {}

    /**
     * Mean over all predictions of a batch: a scalar tensor, on the tape where gradients are on.
     */
    static Tensor mean(Llama model, TokenBatch batch, Precision precision) {
        Tensor logits = model.logits(batch.inputs(), precision);
        return torch.cross_entropy_loss(
                logits.view(-1, model.config().vocabularySize()),
                batch.targets().view(-1),
                new TensorOptional(),
                MEAN,
                NO_TOKEN,
                0.0);
    }
}
