package dev.tapestry.app.command;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.Locale;
import java.util.function.Function;
import picocli.CommandLine;
import picocli.CommandLine.ExecutionException;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.TypeConversionException;
import picocli.CommandLine.UnmatchedArgumentException;

/** What all command lines of Tapestry have in common: words for failures, and exit codes. */
abstract class Program extends CommandGroup {

    @Option(
            names = "--stack-trace",
            scope = CommandLine.ScopeType.INHERIT,
            description = "Show where in the program a failure came from.")
    private boolean stackTrace;

    /** Runs one command; its exit code. */
    final int execute(String... words) {
        // Figures and drawings look alike, and can be read by programs, wherever they are made.
        Locale.setDefault(Locale.Category.FORMAT, Locale.ROOT);
        return line().execute(words);
    }

    /** The whole command line, ready to run. */
    final CommandLine line() {
        CommandLine line = new CommandLine(this);
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.setUsageHelpAutoWidth(true);
        Paragraphs.flow(line);
        line.registerConverter(MemberId.class, text -> converted(MemberId::new, text));
        line.registerConverter(Digest.class, text -> converted(Digest::new, text));
        line.registerConverter(Duration.class, Program::duration);
        line.setParameterExceptionHandler((wrong, _) -> misused(wrong));
        line.setExecutionExceptionHandler(
                (failure, failed, _) -> failed(unwrapped(failure), failed, stackTrace));
        return line;
    }

    private static <T> T converted(Function<String, T> type, String text) {
        try {
            return type.apply(text);
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException(String.valueOf(e.getMessage()));
        }
    }

    private static Duration duration(String text) {
        try {
            return Duration.parse(text);
        } catch (DateTimeParseException e) {
            throw new TypeConversionException(
                    "'%s' is no duration: write PT72H for 72 hours, P3D for 3 days"
                            .formatted(text));
        }
    }

    /** One line that says what is wrong, one that says where to look. */
    private static int misused(ParameterException wrong) {
        CommandLine line = wrong.getCommandLine();
        line.getErr().println("tapestry: " + wrong.getMessage());
        if (!UnmatchedArgumentException.printSuggestions(wrong, line.getErr())) {
            line.getErr().println("Try '" + line.getCommandSpec().qualifiedName() + " --help'.");
        }
        return ExitCode.USAGE.number();
    }

    private static int failed(Throwable failure, CommandLine failed, boolean stackTrace) {
        ExitCode code = Failures.code(failure);
        failed.getErr().println("tapestry: " + Failures.describe(failure));
        if (stackTrace || (code == ExitCode.REFUSED && !Failures.expected(failure))) {
            failure.printStackTrace(failed.getErr());
        }
        return code.number();
    }

    /** What the command threw, without what the command line's library put around it. */
    private static Throwable unwrapped(Exception failure) {
        Throwable cause = failure.getCause();
        return failure instanceof ExecutionException && cause != null ? cause : failure;
    }
}
