package dev.tapestry.consortium.protocol;

import dev.tapestry.consortium.protocol.Activity.Doing;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * What last kept a node from going on in a round, whatever it does since.
 *
 * @param round in which
 * @param during what it was busy with; empty where it did not say
 * @param code what kind of trouble
 * @param reason the same in words, if the member lets its node say so
 * @param at when the coordinator was told
 */
public record Failure(
        int round, Optional<Doing> during, String code, Optional<String> reason, Instant at) {

    /** The failure that an activity tells of, if it does. */
    public static Optional<Failure> of(Activity activity, Instant at) {
        return activity.code()
                .map(code ->
                        new Failure(
                                activity.round(), activity.during(), code, activity.reason(), at));
    }

    /** In words; without the member's own. */
    String words() {
        return "failed" + during.map(it -> " while " + it.words()).orElse("") + ": " + code;
    }

    /** In words, with when it was. */
    String line(Instant now) {
        return words()
                + reason.map(why -> " (" + why + ")").orElse("")
                + ", "
                + Times.span(Duration.between(at, now))
                + " ago";
    }
}
