package dev.tapestry.consortium.protocol;

import java.time.Duration;
import java.time.Instant;

/**
 * A certificate that ends soon, or has ended.
 *
 * @param holder {@code authority}, {@code coordinator}, {@code steward}, or {@code member/ID}
 * @param ends the last instant at which it is valid
 * @param next what happens by itself, and what somebody has to do
 */
public record Ending(String holder, Instant ends, String next) {

    /** The same for people, in one line. */
    public String line(Instant now) {
        long days = Duration.between(now, ends).toDays();
        return "the certificate of %s %s: %s"
                .formatted(
                        holder,
                        ends.isBefore(now)
                                ? "has ended at " + ends
                                : "ends at %s, in %d days".formatted(ends, days),
                        next);
    }
}
