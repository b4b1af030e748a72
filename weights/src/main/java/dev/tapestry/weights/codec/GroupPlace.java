package dev.tapestry.weights.codec;

import dev.tapestry.weights.TensorSpec;
import java.util.Collection;
import java.util.stream.LongStream;

/**
 * One group of one tensor.
 *
 * @param tensor its name
 * @param group its number, from 0
 * @param count how many numbers it has
 */
record GroupPlace(String tensor, long group, int count) {

    /** The index in the tensor of the group's first number. */
    long first() {
        return group * Codec.GROUP;
    }

    /** All groups of {@code tensors} in their order, made as they are asked for. */
    static Iterable<GroupPlace> all(Collection<TensorSpec> tensors) {
        return () ->
                tensors.stream()
                        .flatMap(spec ->
                                LongStream.range(0, Codec.groups(spec.elements()))
                                        .mapToObj(group -> of(spec, group)))
                        .iterator();
    }

    private static GroupPlace of(TensorSpec spec, long group) {
        return new GroupPlace(spec.name(), group, Codec.count(spec.elements(), group));
    }
}
