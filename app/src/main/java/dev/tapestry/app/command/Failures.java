package dev.tapestry.app.command;

import dev.tapestry.app.steward.StewardException;
import dev.tapestry.coordinator.CoordinatorException;
import dev.tapestry.node.NodeException;
import dev.tapestry.weights.WeightsException;
import java.io.IOException;
import java.io.UncheckedIOException;

/** Tells failures that a person can mend from faults of the program. */
final class Failures {

    private Failures() {}

    /** Whether the message alone is enough: the rooms' own coded exceptions, and bad arguments. */
    static boolean expected(Throwable failure) {
        return failure.getClass().getName().startsWith("dev.tapestry.")
                || failure instanceof IllegalArgumentException
                || failure instanceof IOException
                || failure instanceof UncheckedIOException
                || failure instanceof OutOfMemoryError;
    }

    /** One line that says what is wrong. */
    static String describe(Throwable failure) {
        String message = failure.getMessage();
        return switch (failure) {
            case OutOfMemoryError _ ->
                    "out of memory (%s): give Java more, such as TAPESTRY_JAVA_OPTS=-Xmx8g"
                            .formatted(message);
            case LinkageError _ ->
                    "a native library does not load on this machine: " + failure + "; see 'doctor'";
            case IOException _ -> failure.toString();
            case UncheckedIOException _ -> String.valueOf(failure.getCause());
            default -> message == null || message.isBlank() ? failure.toString() : message;
        };
    }

    /** What to tell the shell. */
    static ExitCode code(Throwable failure) {
        return switch (failure) {
            case CommandException command -> command.code();
            case NodeException node when node.code() == NodeException.Code.STOPPED ->
                    ExitCode.INTERRUPTED;
            case NodeException node when node.code() == NodeException.Code.STORAGE ->
                    ExitCode.ENVIRONMENT;
            case StewardException steward when steward.code().equals("INTERRUPTED") ->
                    ExitCode.INTERRUPTED;
            case WeightsException weights when weights.code() == WeightsException.Code.NO_SPACE ->
                    ExitCode.ENVIRONMENT;
            case CoordinatorException coordinator when lacking(coordinator.code()) ->
                    ExitCode.ENVIRONMENT;
            case LinkageError _ -> ExitCode.ENVIRONMENT;
            case OutOfMemoryError _ -> ExitCode.ENVIRONMENT;
            default -> ExitCode.REFUSED;
        };
    }

    private static boolean lacking(CoordinatorException.Code code) {
        return code == CoordinatorException.Code.ADDRESS
                || code == CoordinatorException.Code.STORAGE;
    }
}
