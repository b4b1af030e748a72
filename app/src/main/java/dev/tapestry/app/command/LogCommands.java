package dev.tapestry.app.command;

import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.coordinator.BundleExport;
import dev.tapestry.coordinator.MergeReceipt;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The coordinator's log as something that can be handed on. */
@Command(
        name = "log",
        description = "Hand the log to an auditor.",
        footer = {
            "",
            "Examples:",
            "  tapestry log export loom loom.zip",
            "  tapestry log receipt loom round-3 --round 3"
        })
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

    @Command(
            name = "receipt",
            description = {
                "Write the receipt of a merge: a directory with the audit bundle and all that went into one round, with which",
                "anybody merges it again ('tapestry verify receipt') and gets the base's digest.",
                "It holds the members' weights: give it only to whom the consortium lets see them.",
                "Works while the coordinator runs, for the rounds whose files are kept (keepRounds)."
            },
            footer = {"", "Example:", "  tapestry log receipt loom round-3 --round 3"})
    int receipt(
            @Parameters(paramLabel = "DIR", description = "The consortium's directory.")
                    Path directory,
            @Parameters(paramLabel = "RECEIPT", description = "A directory that is made.")
                    Path receipt,
            @Option(names = "--round", required = true, paramLabel = "N", description = "Which.")
                    int round,
            @Option(names = "--json", description = "As one line of JSON.") boolean json) {
        MergeReceipt.Written written =
                MergeReceipt.write(directory, new RoundNumber(round), receipt.toAbsolutePath());
        answer(
                json,
                written,
                "%s: round %d, %d contributions, %.1f MB; 'tapestry verify receipt %s' merges it again",
                receipt,
                written.round(),
                written.contributions(),
                written.bytes() / 1e6,
                receipt);
        return 0;
    }
}
