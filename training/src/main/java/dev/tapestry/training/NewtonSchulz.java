package dev.tapestry.training;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Makes matrices nearly orthogonal: all singular values come to about 1 (between 0.7 and 1.2),
 * singular vectors stay. The quintic Newton–Schulz iteration of Muon (Jordan et al. 2024):
 *
 * <pre>
 * X₀ = G / ‖G‖_F     X ← aX + (bA + cA²)X with A = XXᵀ, five times     (a, b, c) = (3.4445, −4.7750, 2.0315)
 * </pre>
 *
 * <p>Wide matrices take their turns in A alone, which is small: with Pₖ = aI + bAₖ + cAₖ², A and P
 * commute, so Aₖ₊₁ = PₖAₖPₖ, and X₅ = P₄P₃P₂P₁P₀X₀ needs the wide factor once at each end. In bf16
 * the squared singular values would be lost, so there every turn takes X.
 */
final class NewtonSchulz {

    static final int ITERATIONS = 5;
    static final double A = 3.4445;
    static final double B = -4.7750;
    static final double C = 2.0315;
    private static final double TINY = 1e-7;

    private NewtonSchulz() {}

    /**
     * Orthogonalises a batch of matrices {@code [count, rows, columns]} with rows ≤ columns.
     *
     * @param precision of the products
     * @return the same shape, in the precision's number format
     */
    static Tensor orthogonalised(Tensor matrices, Precision precision) {
        Tensor norms =
                torch.linalg_vector_norm(
                        matrices,
                        new Scalar(2.0),
                        new long[] {-2, -1},
                        true,
                        new ScalarTypeOptional());
        Tensor x = matrices.div(norms.add(new Scalar(TINY)));
        if (precision.resolved() == Precision.BF16) {
            x = x.to(ScalarType.BFloat16);
        }
        if (precision.resolved() == Precision.FP32 && x.size(2) >= 2 * x.size(1)) {
            return turnedInGram(x);
        }
        for (int i = 0; i < ITERATIONS; i++) {
            Tensor polynomial = polynomial(torch.bmm(x, x.transpose(1, 2)));
            x = torch.baddbmm(x, polynomial, x, new Scalar(A), new Scalar(1.0));
        }
        return x;
    }

    private static Tensor turnedInGram(Tensor x) {
        Tensor gram = torch.bmm(x, x.transpose(1, 2));
        Tensor turned = polynomial(gram);
        turned.diagonal(0, 1, 2).add_(new Scalar(A));
        Tensor all = turned;
        for (int i = 1; i < ITERATIONS; i++) {
            gram = torch.bmm(torch.bmm(turned, gram), turned);
            turned = polynomial(gram);
            turned.diagonal(0, 1, 2).add_(new Scalar(A));
            all = torch.bmm(turned, all);
        }
        return torch.bmm(all, x);
    }

    /** bA + cA². */
    private static Tensor polynomial(Tensor gram) {
        return torch.baddbmm(gram, gram, gram, new Scalar(B), new Scalar(C));
    }
}
