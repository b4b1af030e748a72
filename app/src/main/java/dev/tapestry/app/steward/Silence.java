package dev.tapestry.app.steward;

import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketException;
import java.net.URI;
import java.net.UnknownHostException;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import org.jspecify.annotations.Nullable;

/** Why no answer came from a coordinator, and what its steward can do about it. */
enum Silence {
    /** Nothing listens at its address. */
    NOT_RUNNING(
            "the coordinator at %s does not answer: nothing listens there (%s); start it with 'tapestry coordinator start %s'"),
    /** It, or what is between, was not fast enough. */
    SLOW(
            "the coordinator at %s does not answer in time (%s): it may be busy, or the way to it is cut; see what it prints last, and try again; if it does not run, 'tapestry coordinator start %s'"),
    /** Its name leads nowhere. */
    NO_SUCH_NAME(
            "the coordinator at %s does not answer: its name is not known on this machine (%s); add it to DNS or /etc/hosts, or correct dnsNames in coordinator.yaml of %s"),
    /** No packet gets there. */
    NO_WAY(
            "the coordinator at %s does not answer: this machine has no way to it (%s); see to the network, then whether 'tapestry coordinator start %s' runs there"),
    /** A connection that was there is no longer. */
    BROKEN_OFF(
            "the connection to the coordinator at %s broke off before it had answered (%s): it was stopped, or the line was; try again; if it does not run, 'tapestry coordinator start %s'");

    private final String words;

    Silence(String words) {
        this.words = words;
    }

    /** Looks at what the connection said and what caused it. */
    static Silence of(IOException failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof UnresolvedAddressException
                    || cause instanceof UnknownHostException) {
                return NO_SUCH_NAME;
            }
            if (cause instanceof NoRouteToHostException || says(cause, "unreachable")) {
                return NO_WAY;
            }
        }
        return switch (failure) {
            case HttpTimeoutException _ -> SLOW;
            case ConnectException _ -> says(failure, "timed out") ? SLOW : NOT_RUNNING;
            case IOException _ -> BROKEN_OFF;
        };
    }

    private static boolean says(Throwable cause, String words) {
        @Nullable String message = cause.getMessage();
        return cause instanceof SocketException && message != null && message.contains(words);
    }

    /**
     * One sentence for the steward.
     *
     * @param directory of the coordinator, as far as it is known
     */
    String of(URI coordinator, IOException failure, String directory) {
        return words.formatted(coordinator, reason(failure), directory);
    }

    private static String reason(IOException failure) {
        String message = failure.getMessage();
        return message == null || message.isBlank() ? failure.getClass().getSimpleName() : message;
    }
}
