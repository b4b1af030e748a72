package dev.tapestry.consortium;

import java.util.Optional;
import java.util.stream.Stream;

/**
 * How weights travel between the nodes and the coordinator: as updates against the base that both
 * ends have, in far fewer bytes than the weights.
 *
 * @param up codec of what members contribute; empty for whole weights
 * @param down codec of the step from a base to its candidate; empty for whole models. What the
 *     codec loses is not in the candidate either: all have the same one, to the last byte
 */
public record Wire(Optional<CodecName> up, Optional<CodecName> down) {

    public Wire {
        if (up.isEmpty() && down.isEmpty()) {
            throw new IllegalArgumentException(
                    "wire names a codec for 'up', for 'down' or for both; without it whole weights travel");
        }
    }

    /** The codecs that it names. */
    Stream<CodecName> codecs() {
        return Stream.of(up, down).flatMap(Optional::stream);
    }
}
