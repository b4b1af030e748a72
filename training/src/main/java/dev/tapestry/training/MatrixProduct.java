package dev.tapestry.training;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The product of a linear layer, y = xWᵀ, and its derivatives. Where the precision says so operands
 * are rounded to bf16; the product is added up in fp32, rounded to bf16 too, and is an fp32 tensor.
 * Otherwise all is as exact as the weights.
 *
 * <p>Shapes: x {@code [positions, in]}, W {@code [out, in]}, y {@code [positions, out]}. What takes
 * part in several products is best rounded once, by {@link #operand}.
 */
record MatrixProduct(boolean narrow) {

    static MatrixProduct of(Precision precision) {
        return new MatrixProduct(precision.resolved() == Precision.BF16);
    }

    /** What products take: {@code x}, rounded if they round; itself if it is so already. */
    Tensor operand(Tensor x) {
        return narrow ? x.to(ScalarType.BFloat16) : x;
    }

    /** y = xWᵀ. */
    Tensor forward(Tensor x, Tensor weight) {
        return product(x, weight.t());
    }

    /** xWᵀ + {@code base}, a new tensor. */
    Tensor forwardOnto(Tensor base, Tensor x, Tensor weight) {
        return narrow ? base.add(rounded(x, weight.t())) : torch.addmm(base, x, weight.t());
    }

    /** ∂/∂x = ∂/∂y · W. */
    Tensor input(Tensor slope, Tensor weight) {
        return product(slope, weight);
    }

    /** Puts ∂/∂x = ∂/∂y · W, times {@code scale}, into {@code target}. */
    void putInput(Tensor target, Tensor slope, Tensor weight, Scalar scale) {
        if (narrow) {
            target.copy_(rounded(slope, weight)).mul_(scale);
        } else {
            torch.addmm_out(target, target, slope, weight, new Scalar(0.0), scale);
        }
    }

    /** ∂/∂W = (∂/∂y)ᵀ · x, times {@code scale}, added to {@code sum}. */
    void addWeight(Tensor sum, Tensor slope, Tensor x, Scalar scale) {
        if (narrow) {
            sum.add_(rounded(slope.t(), x), scale);
        } else {
            sum.addmm_(slope.t(), x, new Scalar(1.0), scale);
        }
    }

    /** a·b of each of two batches of matrices, {@code [batch, n, k]} and {@code [batch, k, m]}. */
    Tensor batched(Tensor a, Tensor b) {
        return narrow ? torch.bmm(operand(a), operand(b)).to(ScalarType.Float) : torch.bmm(a, b);
    }

    /** {@code factor} · (a·b − c), with c {@code [batch, n, 1]}. */
    Tensor batchedLess(Tensor a, Tensor b, Tensor c, double factor) {
        return narrow
                ? batched(a, b).sub_(c).mul_(new Scalar(factor))
                : torch.baddbmm(c, a, b, new Scalar(-factor), new Scalar(factor));
    }

    private Tensor product(Tensor a, Tensor b) {
        return narrow ? rounded(a, b).to(ScalarType.Float) : torch.mm(a, b);
    }

    private Tensor rounded(Tensor a, Tensor b) {
        return torch.mm(operand(a), operand(b));
    }
}
