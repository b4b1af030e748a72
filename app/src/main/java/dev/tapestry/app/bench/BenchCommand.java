package dev.tapestry.app.bench;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * {@code tapestry bench}: how fast this machine prepares text, trains, merges, codes updates,
 * transfers models, serves and plays whole rounds.
 */
@Command(
        name = "bench",
        description =
                "Measure preparing text, training, serving, merging, codecs, rounds, memory,"
                        + " transfers and utilisation here.",
        footer = {"", "Example:", "  tapestry bench round --size-mb 100 --members 4 --json"},
        subcommands = {
            TrainCommand.class,
            MergeCommand.class,
            CodecsCommand.class,
            PrepareCommand.class,
            LanguagesCommand.class,
            ConstitutionCommand.class,
            RoundCommand.class,
            MemoryCommand.class,
            TransferCommand.class,
            WanCommand.class,
            UtilisationCommand.class,
            ServingCommand.class
        })
public final class BenchCommand implements Runnable {

    @Spec private @Nullable CommandSpec spec;

    @Override
    public void run() {
        if (spec == null) {
            throw new IllegalStateException("not run by the command line");
        }
        throw new ParameterException(spec.commandLine(), "say which of its commands");
    }
}
