package dev.tapestry.training;

import dev.tapestry.training.FlatParameters.Trained;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * What is done to queries or to keys between their projection and RoPE, and the way back through
 * it. Heads are {@code [sequences, seq, heads, headSize]} with RoPE's partners as neighbours.
 */
sealed interface HeadNorm {

    /** The heads as they go on; what the way back needs is given to {@code keep}. */
    Passed forward(Tensor heads, UnaryOperator<Tensor> keep);

    /** Turns the derivative by what went on, {@code slope}, into that by the heads. */
    void backward(Tensor slope, Passed passed);

    /**
     * A forward pass.
     *
     * @param heads as they go on
     * @param rows as they came, one row for each norm
     * @param scale of each row
     */
    record Passed(Tensor heads, Tensor rows, Tensor scale) {}

    /** That of a layer's {@code q_norm} or {@code k_norm}. */
    static HeadNorm of(
            LlamaConfig config,
            FlatParameters parameters,
            int layer,
            String name,
            NativeTensors owner) {
        return switch (config.architecture().queryKeyNorm()) {
            case NONE -> new None();
            case PER_HEAD, WHOLE ->
                    new Rms(
                            new RmsNorm(config.rmsNormEpsilon()),
                            parameters.trained(
                                    ParameterLayout.layer(layer, "self_attn." + name), owner),
                            config.headSize());
        };
    }

    /** Nothing. */
    record None() implements HeadNorm {

        @Override
        public Passed forward(Tensor heads, UnaryOperator<Tensor> keep) {
            return new Passed(heads, heads, heads);
        }

        @Override
        public void backward(Tensor slope, Passed passed) {}
    }

    /** RMSNorm over as many components as it has weights: one head, or all of them. */
    record Rms(RmsNorm norm, Trained weight, int headSize) implements HeadNorm {

        @Override
        public Passed forward(Tensor heads, UnaryOperator<Tensor> keep) {
            Tensor rows = keep.apply(rows(heads));
            Tensor scale = keep.apply(norm.scale(rows));
            Tensor normed = norm.forward(rows, scale, paired(weight.weights()));
            return new Passed(normed.reshape(heads.sizes()), rows, scale);
        }

        @Override
        public void backward(Tensor slope, Passed passed) {
            Tensor sum = torch.zeros_like(passed.rows());
            Tensor gradient = torch.zeros_like(weight.weights());
            norm.backward(
                    sum,
                    gradient,
                    rows(slope),
                    passed.rows(),
                    passed.scale(),
                    paired(weight.weights()));
            slope.copy_(sum.reshape(slope.sizes()));
            weight.gradient().add_(regrouped(gradient, headSize / 2, 2));
        }

        private Tensor rows(Tensor heads) {
            return heads.reshape(-1, weight.weights().size(0));
        }

        /** From Hugging Face's halves of each head to neighbours. */
        private Tensor paired(Tensor halves) {
            return regrouped(halves, 2, headSize / 2);
        }

        private static Tensor regrouped(Tensor vector, long outer, long inner) {
            return vector.view(-1, outer, inner).transpose(1, 2).reshape(-1);
        }
    }
}
