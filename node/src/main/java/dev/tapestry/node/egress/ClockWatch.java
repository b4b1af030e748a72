package dev.tapestry.node.egress;

import dev.tapestry.trust.certificate.ClockSkew;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Compares this machine's clock with the coordinator's, which stands in the head of each of its
 * answers (RFC 9110 §6.6.1), and says when they differ: once, and again when that has changed.
 * Thread-safe.
 */
public final class ClockWatch {

    private static final Duration REMINDER = Duration.ofDays(1);

    private final InstantSource clock;
    private final Consumer<ClockSkew> told;
    private ClockSkew skew = new ClockSkew(Duration.ZERO);
    private @Nullable ClockSkew said;
    private Instant saidAt = Instant.MIN;

    /** Tells {@code told} of a difference that matters. */
    public ClockWatch(InstantSource clock, Consumer<ClockSkew> told) {
        this.clock = clock;
        this.told = told;
    }

    /** What this machine's clock shows. */
    Instant here() {
        return clock.instant();
    }

    /** What the coordinator's shows, as far as is known. */
    synchronized Instant there() {
        Instant here = clock.instant();
        return skew.matters() ? here.minus(skew.ahead()) : here;
    }

    /**
     * An answer came.
     *
     * @param asked what this machine's clock showed before
     * @param date of the answer's head
     */
    void answered(Instant asked, String date) {
        Optional<ClockSkew> due;
        try {
            Instant there =
                    ZonedDateTime.parse(date, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
            due = compare(ClockSkew.between(asked, clock.instant(), there));
        } catch (DateTimeParseException _) {
            return; // whoever writes no time says nothing
        }
        due.ifPresent(told);
    }

    private synchronized Optional<ClockSkew> compare(ClockSkew now) {
        skew = now;
        if (!now.matters()) {
            said = null;
            return Optional.empty();
        }
        ClockSkew before = said;
        boolean known =
                before != null
                        && !new ClockSkew(now.ahead().minus(before.ahead())).matters()
                        && clock.instant().isBefore(saidAt.plus(REMINDER));
        if (known) {
            return Optional.empty();
        }
        said = now;
        saidAt = clock.instant();
        return Optional.of(now);
    }
}
