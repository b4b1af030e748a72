package dev.tapestry.app.command;

import dev.tapestry.app.steward.StewardException;
import dev.tapestry.consortium.Coded;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import org.jspecify.annotations.Nullable;

/**
 * Tells failures that a person can mend from faults of the program.
 *
 * <p>The rooms' exceptions are told apart by the names of their codes, never by their classes: a
 * program works without the rooms that it does not use.
 */
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
            case StewardException steward when steward.code().equals("INTERRUPTED") ->
                    ExitCode.INTERRUPTED;
            case Coded coded -> code(coded.code().name(), failure.getCause());
            case LinkageError _ -> ExitCode.ENVIRONMENT;
            case OutOfMemoryError _ -> ExitCode.ENVIRONMENT;
            default -> ExitCode.REFUSED;
        };
    }

    private static ExitCode code(String kind, @Nullable Throwable cause) {
        return switch (kind) {
            case "STOPPED" -> ExitCode.INTERRUPTED;
            case "STORAGE",
                    "UNREACHABLE",
                    "STORE_UNREACHABLE",
                    "NO_SPACE",
                    "IO",
                    "ADDRESS",
                    "DEVICE",
                    "FAILED",
                    "STEPPED_DOWN" ->
                    wrongName(cause) ? ExitCode.REFUSED : ExitCode.ENVIRONMENT;
            default -> ExitCode.REFUSED;
        };
    }

    /** Somebody gave a name that leads nowhere, or is taken: the machine lacks nothing. */
    private static boolean wrongName(@Nullable Throwable cause) {
        return cause instanceof NoSuchFileException
                || cause instanceof NotDirectoryException
                || cause instanceof FileAlreadyExistsException;
    }
}
