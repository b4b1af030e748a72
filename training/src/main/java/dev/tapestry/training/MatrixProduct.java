package dev.tapestry.training;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The product of a linear layer, y = xWᵀ, and its derivatives; operands are rounded to bf16 where
 * the precision says so, sums are as exact as the weights.
 *
 * <p>Shapes: x {@code [positions, in]}, W {@code [out, in]}, y {@code [positions, out]}.
 */
record MatrixProduct(boolean narrow) {

    static MatrixProduct of(Precision precision) {
        return new MatrixProduct(precision.resolved() == Precision.BF16);
    }

    /** y = xWᵀ. */
    Tensor forward(Tensor x, Tensor weight) {
        return product(x, weight.t());
    }

    /** xWᵀ + {@code base}, a new tensor. */
    Tensor forwardOnto(Tensor base, Tensor x, Tensor weight) {
        return narrow ? base.add(forward(x, weight)) : torch.addmm(base, x, weight.t());
    }

    /** ∂/∂x = ∂/∂y · W. */
    Tensor input(Tensor slope, Tensor weight) {
        return product(slope, weight);
    }

    /** ∂/∂W = (∂/∂y)ᵀ · x, times {@code scale}, added to {@code sum}. */
    void addWeight(Tensor sum, Tensor slope, Tensor x, Scalar scale) {
        add(sum, slope.t(), x, scale);
    }

    private Tensor product(Tensor a, Tensor b) {
        return narrow
                ? torch.mm(a.to(ScalarType.BFloat16), b.to(ScalarType.BFloat16)).to(a.scalar_type())
                : torch.mm(a, b);
    }

    private void add(Tensor sum, Tensor a, Tensor b, Scalar scale) {
        if (narrow) {
            sum.add_(torch.mm(a.to(ScalarType.BFloat16), b.to(ScalarType.BFloat16)), scale);
        } else {
            sum.addmm_(a, b, new Scalar(1.0), scale);
        }
    }
}
