package dev.tapestry.trust.certificate;

import java.time.Duration;
import java.time.Instant;

/**
 * By how much this machine's clock differs from the coordinator's. Which of the two is right is
 * more than either can know.
 *
 * @param ahead by how much this machine's shows more; negative where it shows less
 */
public record ClockSkew(Duration ahead) {

    /** Less is not worth a word: certificates begin five minutes before they are issued. */
    public static final Duration TOLERANCE = Duration.ofMinutes(2);

    /**
     * What is certain of two clocks.
     *
     * @param asked what this machine's showed before the other was read
     * @param answered what it showed afterwards, however long that took
     * @param there what the other showed in between
     */
    public static ClockSkew between(Instant asked, Instant answered, Instant there) {
        if (there.isBefore(asked)) {
            return new ClockSkew(Duration.between(there, asked));
        }
        return new ClockSkew(
                there.isAfter(answered) ? Duration.between(there, answered) : Duration.ZERO);
    }

    /** Whether it is worth a word. */
    public boolean matters() {
        return ahead.abs().compareTo(TOLERANCE) > 0;
    }

    /** Which clock shows more, and by how much. */
    public String words() {
        return "this machine's clock is %s %s the coordinator's"
                .formatted(length(ahead.abs()), ahead.isNegative() ? "behind" : "ahead of");
    }

    /** What to do about it. */
    public String advice() {
        return "set this machine's clock (NTP); if it is right, tell the steward that the"
                + " coordinator's is not";
    }

    private static String length(Duration skew) {
        if (skew.toDays() > 0) {
            return "%d days %d hours".formatted(skew.toDays(), skew.toHoursPart());
        }
        return skew.toHours() > 0
                ? "%d hours %d minutes".formatted(skew.toHours(), skew.toMinutesPart())
                : "%d minutes %d seconds".formatted(skew.toMinutes(), skew.toSecondsPart());
    }
}
