package dev.tapestry.consortium.protocol;

import java.time.Instant;
import java.util.List;

/**
 * What anybody may ask of a coordinator: whether it is there, what it speaks, what time it has.
 *
 * @param protocol the version that it speaks best
 * @param accepts all versions that it accepts
 * @param clock its time, by which deadlines are meant
 */
public record StatusView(int protocol, List<Integer> accepts, Instant clock) {
    public StatusView {
        accepts = List.copyOf(accepts);
    }
}
