package dev.tapestry.app.command;

import dev.tapestry.app.bench.BenchCommand;
import dev.tapestry.app.demo.DemoCommand;
import dev.tapestry.app.demo.JobCommand;
import dev.tapestry.app.study.StudyCommand;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExecutionException;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** The first word of every command line. */
@Command(
        name = "tapestry",
        version = "tapestry 0.1",
        scope = CommandLine.ScopeType.INHERIT,
        mixinStandardHelpOptions = true,
        description = {
            "Train one shared open foundation model together; keep your data; make a model of your own.",
            ""
        },
        footer = {
            "",
            "Examples:",
            "  tapestry consortium found DIR --name X   found a consortium",
            "  tapestry node join DIR TOKEN             join one",
            "  tapestry doctor                          look this machine over",
            "",
            "Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 the machine lacks something,"
                    + " 130 interrupted."
        },
        subcommands = {
            DemoCommand.class,
            ConsortiumCommands.class,
            CoordinatorCommands.class,
            MemberCommands.class,
            RunCommands.class,
            NodeCommands.class,
            ModelCommands.class,
            TokenizerCommands.class,
            VerifyCommands.class,
            DoctorCommand.class,
            BenchCommand.class,
            StudyCommand.class,
            JobCommand.class
        })
public final class TapestryCommand extends CommandGroup {

    @Option(
            names = "--stack-trace",
            scope = CommandLine.ScopeType.INHERIT,
            description = "Show where in the program a failure came from.")
    private boolean stackTrace;

    /** Runs {@code args}; the process' exit code. */
    public static int run(String... args) {
        return line().execute(args);
    }

    /** The whole command line, ready to run. */
    static CommandLine line() {
        TapestryCommand root = new TapestryCommand();
        CommandLine line = new CommandLine(root);
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.setUsageHelpAutoWidth(true);
        line.registerConverter(MemberId.class, MemberId::new);
        line.registerConverter(Digest.class, Digest::new);
        line.setParameterExceptionHandler((wrong, _) -> misused(wrong));
        line.setExecutionExceptionHandler(
                (failure, failed, _) -> failed(unwrapped(failure), failed, root.stackTrace));
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
