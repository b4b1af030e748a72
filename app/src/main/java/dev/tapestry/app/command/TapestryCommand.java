package dev.tapestry.app.command;

import dev.tapestry.app.bench.BenchCommand;
import dev.tapestry.app.chaos.ChaosCommand;
import dev.tapestry.app.demo.DemoCommand;
import dev.tapestry.app.demo.JobCommand;
import dev.tapestry.app.study.StudyCommand;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The first word of every command line. */
@Command(
        name = "tapestry",
        version = "tapestry 0.1",
        scope = CommandLine.ScopeType.INHERIT,
        mixinStandardHelpOptions = true,
        description = {
            "Train one shared open foundation model together; keep your data; make a model of your"
                + " own.",
            ""
        },
        footer = {
            "",
            "Examples:",
            "  tapestry consortium found DIR --name X   found a loom",
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
            BuildCommands.class,
            RoundCommands.class,
            TrainCommand.class,
            ModelCommands.class,
            ServeCommand.class,
            BoardCommands.class,
            TokenizerCommands.class,
            CorpusCommands.class,
            ConstitutionCommands.class,
            PreferencesCommands.class,
            LogCommands.class,
            VerifyCommands.class,
            DoctorCommand.class,
            BenchCommand.class,
            SimulateCommand.class,
            StudyCommand.class,
            ChaosCommand.class,
            JobCommand.class
        })
public final class TapestryCommand extends Program {

    /** Runs {@code args}; the process' exit code. */
    public static int run(String... args) {
        return new TapestryCommand().execute(args);
    }
}
