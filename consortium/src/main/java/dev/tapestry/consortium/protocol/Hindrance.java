package dev.tapestry.consortium.protocol;

import java.time.Duration;
import java.time.Instant;

/**
 * What the coordinator itself could not do lately, so that nobody takes its trouble for the
 * members' fault.
 *
 * @param code as a refusal names it: {@code STORAGE} or {@code INTERNAL}; {@code STALLED} where
 *     nothing moves in its own {@linkplain RoundWork work}
 * @param detail in words; the coordinator's own log says more
 * @param at when it was met last
 */
public record Hindrance(String code, String detail, Instant at) {

    /** In one line. */
    public String line(Instant now) {
        return "the coordinator itself is hindered: %s, %s ago (%s)"
                .formatted(code, Times.span(Duration.between(at, now)), detail);
    }
}
