package dev.tapestry.consortium.protocol;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.Locale;

/** Times as people read them. */
final class Times {

    private static final DateTimeFormatter MINUTES =
            DateTimeFormatter.ofPattern("HH:mm", Locale.ROOT);

    private Times() {}

    /** In the largest unit that tells enough. */
    static String span(Duration time) {
        long seconds = Math.max(0, time.toSeconds());
        if (seconds < 120) {
            return seconds + " s";
        }
        return seconds < 2 * 3600 ? seconds / 60 + " min" : seconds / 3600 + " h";
    }

    /** The time of day; with the day where that is another one than now. */
    static String at(Instant time, Instant now) {
        String minutes = MINUTES.format(time.atOffset(ZoneOffset.UTC)) + " UTC";
        boolean today = time.truncatedTo(ChronoUnit.DAYS).equals(now.truncatedTo(ChronoUnit.DAYS));
        return today ? minutes : time.toString().substring(0, 10) + " " + minutes;
    }
}
