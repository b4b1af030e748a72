package dev.tapestry.app.command;

import dev.tapestry.app.steward.StewardClient;
import dev.tapestry.app.steward.StewardException;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import dev.tapestry.consortium.protocol.Wait;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Follows a run until it ends.
 *
 * @param steward whom to ask
 * @param views hears every view that differs from the one before
 * @param waits hears once a minute who or what is awaited and how far it is, while nothing changes
 * @param troubles hears that the coordinator does not answer, and that it does again
 * @param pause between two tries while it does not
 */
record RunWatch(
        StewardClient steward,
        Consumer<Wait> views,
        Consumer<Wait> waits,
        Consumer<String> troubles,
        Pause pause) {

    /** How time passes. */
    interface Pause {
        void last(Duration pause) throws InterruptedException;
    }

    private static final Duration POLL = Duration.ofSeconds(10);
    private static final int POLLS_A_MINUTE = 6;
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);
    private static final int PATIENCE = 20;

    /** Follows; a coordinator that is being restarted is waited for. */
    RoundView follow() throws InterruptedException {
        long version = 0;
        int failures = 0;
        int quiet = 0;
        while (true) {
            try {
                RoundView view = steward.round(version, POLL);
                if (failures > 0) {
                    troubles.accept("the coordinator answers again");
                }
                failures = 0;
                if (view.version() != version) {
                    views.accept(new Wait(view, steward.presence()));
                    quiet = 0;
                } else if (quiet++ % POLLS_A_MINUTE == 0) {
                    Optional.of(new Wait(view, steward.presence()))
                            .filter(Wait::isOne)
                            .ifPresent(waits);
                }
                version = view.version();
                if (view.roundsPlanned() == 0) {
                    return view;
                }
            } catch (StewardException e) {
                if (!e.code().equals("UNREACHABLE") || version == 0 || ++failures > PATIENCE) {
                    throw e;
                }
                if (failures == 1) {
                    troubles.accept(e.getMessage() + "; this waits for it");
                }
                pause.last(pauseAfter(failures));
            }
        }
    }

    /** One second, then twice as long each time, up to half a minute. */
    private static Duration pauseAfter(int failures) {
        Duration growing = Duration.ofSeconds(1L << Math.min(failures - 1, 5));
        return growing.compareTo(LONGEST_PAUSE) < 0 ? growing : LONGEST_PAUSE;
    }

    /** Whether the last round of a run that ended gave a new base. */
    static boolean succeeded(RoundView last) {
        return last.phase() == Phase.PUBLISHED || last.phase() == Phase.IDLE;
    }

    /** One line for people. */
    static String line(Wait wait) {
        RoundView view = wait.round();
        StringBuilder line =
                new StringBuilder(wait.presence().clock().truncatedTo(ChronoUnit.SECONDS) + "  ");
        line.append(wait.line());
        if (view.roundsPlanned() > 0) {
            line.append(
                    "  [%d of %d bases published]"
                            .formatted(view.roundsPublished(), view.roundsPlanned()));
        } else {
            line.append("  [")
                    .append(view.ending().isEmpty() ? "nothing ran yet" : "over: " + view.ending())
                    .append(']');
        }
        view.base().ifPresent(base -> line.append("  base ").append(base.abbreviated()));
        return line.toString();
    }
}
