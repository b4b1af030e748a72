package dev.tapestry.weights.codec;

import dev.tapestry.weights.TensorSpec;
import dev.tapestry.weights.WeightsException;
import dev.tapestry.weights.WeightsException.Code;
import java.util.Map;

/** Two sets of tensors that must agree. */
final class SameTensors {

    private SameTensors() {}

    /** Refuses names of {@code found} that are not those of {@code expected}. */
    static void requireNames(
            Map<String, TensorSpec> expected, Map<String, TensorSpec> found, String what) {
        for (String name : expected.keySet()) {
            if (!found.containsKey(name)) {
                throw new WeightsException(Code.TENSOR, what + " lacks the tensor '" + name + "'");
            }
        }
        for (String name : found.keySet()) {
            if (!expected.containsKey(name)) {
                throw new WeightsException(
                        Code.TENSOR,
                        what + " has the tensor '" + name + "', which is not expected");
            }
        }
    }

    /** Refuses other names, dtypes or shapes than those of {@code expected}. */
    static void require(
            Map<String, TensorSpec> expected, Map<String, TensorSpec> found, String what) {
        requireNames(expected, found, what);
        for (TensorSpec spec : expected.values()) {
            TensorSpec other = found.getOrDefault(spec.name(), spec);
            if (!spec.equals(other)) {
                throw new WeightsException(
                        Code.SHAPE,
                        "%s has '%s' as %s %s, expected is %s %s"
                                .formatted(
                                        what,
                                        spec.name(),
                                        other.dtype(),
                                        other.shape(),
                                        spec.dtype(),
                                        spec.shape()));
            }
        }
    }
}
