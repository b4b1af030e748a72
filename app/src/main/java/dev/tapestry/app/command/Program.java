package dev.tapestry.app.command;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import java.util.Locale;
import picocli.CommandLine;
import picocli.CommandLine.ExecutionException;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** What all command lines of Tapestry have in common: words for failures, and exit codes. */
abstract class Program extends CommandGroup {

    @Option(
            names = "--stack-trace",
            scope = CommandLine.ScopeType.INHERIT,
            description = "Show where in the program a failure came from.")
    private boolean stackTrace;

    /** The whole command line, ready to run. */
    final CommandLine line() {
        // Figures and drawings look alike, and can be read by programs, wherever they are made.
        Locale.setDefault(Locale.Category.FORMAT, Locale.ROOT);
        CommandLine line = new CommandLine(this);
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.setUsageHelpAutoWidth(true);
        line.registerConverter(MemberId.class, MemberId::new);
        line.registerConverter(Digest.class, Digest::new);
        line.setParameterExceptionHandler((wrong, _) -> misused(wrong));
        line.setExecutionExceptionHandler(
                (failure, failed, _) -> failed(unwrapped(failure), failed, stackTrace));
        return line;
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
