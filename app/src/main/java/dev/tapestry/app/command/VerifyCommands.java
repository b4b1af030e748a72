package dev.tapestry.app.command;

import dev.tapestry.trust.log.Verdict;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What an auditor can check without asking anybody. */
@Command(
        name = "verify",
        description = "Check a log, or a merge, without a network.",
        footer = {"", "Example:", "  tapestry verify log consortium"})
final class VerifyCommands extends CommandGroup {

    @Command(
            name = "log",
            description = {
                "Recompute every hash of a log, compare with every signed checkpoint, replay the events.",
                "Ends with 1 and names the first wrong entry if it was changed."
            },
            footer = {
                "",
                "Examples:",
                "  tapestry verify log consortium",
                "  tapestry verify log consortium --witness my-node"
            })
    int log(
            @Parameters(
                            paramLabel = "DIR",
                            description =
                                    "A coordinator's directory (or a copy of its log.db), or a node's.")
                    Path directory,
            @Option(
                            names = "--witness",
                            paramLabel = "NODE_DIR",
                            description =
                                    "Compare also with the checkpoint that this node remembers, and trust the key that it enrolled with.")
                    @Nullable Path witness,
            @Option(names = "--json", description = "As one line of JSON.") boolean json) {
        Verdict verdict = LogExamination.of(directory, witness);
        if (json) {
            json(verdict);
        }
        return switch (verdict) {
            case Verdict.Whole(long size, var root, long signed) -> {
                if (!json) {
                    say("whole: %d entries, %d of them under a signed checkpoint", size, signed);
                    say("root   %s", root);
                }
                yield ExitCode.DONE.number();
            }
            case Verdict.Broken(long index, var damage, String detail) -> {
                err().println("tapestry: entry %d: %s: %s".formatted(index, damage, detail));
                yield ExitCode.REFUSED.number();
            }
        };
    }
}
