package dev.tapestry.app.command;

import picocli.CommandLine.Command;
import picocli.CommandLine.ScopeType;

/** The command line of a process that can only be a coordinator. */
@Command(
        name = "tapestry",
        version = "tapestry 0.1",
        scope = ScopeType.INHERIT,
        mixinStandardHelpOptions = true,
        description = "The consortium's server.",
        footer = {"", "Example:", "  tapestry coordinator start loom"},
        subcommands = CoordinatorCommands.class)
public final class CoordinatorProgram extends Program {

    /** Runs {@code args}; the process' exit code. */
    public static int run(String... args) {
        return new CoordinatorProgram().execute(args);
    }
}
