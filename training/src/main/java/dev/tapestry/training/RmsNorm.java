package dev.tapestry.training;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * RMSNorm (arXiv:1910.07467) of {@code x [positions, width]} and its derivative:
 *
 * <pre>
 * r = (mean(x²) + ε)^−½    n = r·x    y = n ∘ w
 * ∂/∂w = Σ ∂/∂y ∘ n    ∂/∂x = r·(∂/∂y ∘ w − n · mean(∂/∂y ∘ w ∘ n))
 * </pre>
 */
record RmsNorm(double epsilon) {

    /** r, {@code [positions, 1]}. */
    Tensor scale(Tensor x) {
        Tensor length =
                torch.linalg_vector_norm(
                        x, new Scalar(2.0), new long[] {-1}, true, new ScalarTypeOptional());
        return length.mul(length)
                .div(new Scalar((double) x.size(1)))
                .add(new Scalar(epsilon))
                .rsqrt();
    }

    /** y. */
    Tensor forward(Tensor x, Tensor scale, Tensor weight) {
        Tensor y = x.mul(scale);
        y.mul_(weight); // returns an alias that does not own its memory
        return y;
    }

    /**
     * Adds ∂/∂w to {@code weightSlope} and ∂/∂x to {@code sum}.
     *
     * @param slope ∂/∂y
     */
    void backward(
            Tensor sum, Tensor weightSlope, Tensor slope, Tensor x, Tensor scale, Tensor weight) {
        Tensor normed = x.mul(scale);
        Tensor both = slope.mul(normed);
        weightSlope.add_(both.sum(0));
        Tensor mean = both.mv(weight).unsqueeze(1).div_(new Scalar((double) x.size(1)));
        Tensor inner = slope.mul(weight).addcmul_(normed, mean, new Scalar(-1.0));
        sum.addcmul_(inner, scale, new Scalar(1.0));
    }
}
