package dev.tapestry.app.command;

import dev.tapestry.coordinator.BundleExport;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The coordinator's log as something that can be handed on. */
@Command(
        name = "log",
        description = "Hand the log to an auditor.",
        footer = {"", "Example:", "  tapestry log export loom loom.zip"})
final class LogCommands extends CommandGroup {

    /** What {@code log export --json} prints. */
    record Exported(String file, long entries, int cosignatures, int contributions) {}

    @Command(
            name = "export",
            description = {
                "Write an audit bundle: the log's entries, its signed checkpoint with the members' co-signatures,",
                "the signed manifests of contributions, the agreements to moves. No weights, no text, no secret.",
                "Works while the coordinator runs."
            },
            footer = {"", "Example:", "  tapestry log export loom loom.zip"})
    int export(
            @Parameters(paramLabel = "DIR", description = "The consortium's directory.")
                    Path directory,
            @Parameters(paramLabel = "FILE", description = "The bundle, a ZIP file.") Path file,
            @Option(names = "--json", description = "As one line of JSON.") boolean json) {
        BundleExport.Written written = BundleExport.write(directory, file.toAbsolutePath());
        answer(
                json,
                new Exported(
                        file.toString(),
                        written.entries(),
                        written.cosignatures(),
                        written.contributions()),
                "%s: %d entries, co-signatures of %d members, %d signed manifests",
                file,
                written.entries(),
                written.cosignatures(),
                written.contributions());
        return 0;
    }
}
