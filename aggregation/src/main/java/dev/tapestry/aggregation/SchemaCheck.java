package dev.tapestry.aggregation;

import dev.tapestry.consortium.Finding;
import dev.tapestry.consortium.RoundInput.Refusal;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.TensorSpec;
import java.util.Optional;
import java.util.TreeSet;

/** Whether a model has the tensors of its base. */
final class SchemaCheck {

    private SchemaCheck() {}

    /** The first difference in the order of tensor names; empty if there is none. */
    static Optional<Refusal> firstProblem(ModelDirectory base, ModelDirectory model) {
        var names = new TreeSet<>(base.tensors().keySet());
        names.addAll(model.tensors().keySet());
        return names.stream()
                .map(name -> problem(name, base, model))
                .flatMap(Optional::stream)
                .findFirst();
    }

    private static Optional<Refusal> problem(
            String name, ModelDirectory base, ModelDirectory model) {
        TensorSpec expected = base.tensors().get(name);
        TensorSpec found = model.tensors().get(name);
        if (expected == null) {
            return refusal(
                    Finding.UNEXPECTED_TENSOR,
                    "tensor '%s' is not in the base; leave it out".formatted(name));
        }
        if (found == null) {
            return refusal(
                    Finding.MISSING_TENSOR,
                    "tensor '%s' of the base is missing; contribute whole weights".formatted(name));
        }
        if (!found.shape().equals(expected.shape())) {
            return refusal(
                    Finding.SHAPE_MISMATCH,
                    "tensor '%s' has shape %s; the base has %s"
                            .formatted(name, found.shape(), expected.shape()));
        }
        if (found.dtype() != DType.F32 && found.dtype() != DType.BF16) {
            return refusal(
                    Finding.DTYPE_MISMATCH,
                    "tensor '%s' is %s; contributions are F32 or BF16"
                            .formatted(name, found.dtype()));
        }
        return Optional.empty();
    }

    private static Optional<Refusal> refusal(Finding finding, String detail) {
        return Optional.of(new Refusal(finding, detail));
    }
}
