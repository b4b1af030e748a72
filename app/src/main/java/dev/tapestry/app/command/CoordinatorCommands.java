package dev.tapestry.app.command;

import dev.tapestry.coordinator.Coordinator;
import dev.tapestry.coordinator.CoordinatorConfig;
import dev.tapestry.coordinator.CoordinatorException;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** The consortium's server. */
@Command(
        name = "coordinator",
        description = "Run the consortium's server.",
        footer = {"", "Example:", "  tapestry coordinator start loom"})
final class CoordinatorCommands extends CommandGroup {

    @Command(
            name = "start",
            description = {
                "Serve nodes and the steward until stopped; one line per event of the log.",
                "An interrupt or termination closes it within seconds; a merge under way goes on at"
                        + " the next start. Where memory or the disk fail it, it ends with status"
                        + " 3, to be started again."
            },
            footer = {"", "Example:", "  tapestry coordinator start loom"})
    int start(
            @Parameters(paramLabel = "DIR", description = "The consortium's directory.")
                    Path directory) {
        CoordinatorConfig config = CoordinatorConfig.read(directory);
        say("# %s", directory.toAbsolutePath().normalize());
        say("host: %s", config.listening().host());
        say("port: %d", config.listening().port());
        say("dnsNames: %s", config.listening().dnsNames());
        say("keepRounds: %d", config.retention().keepRounds());
        say("mergeThreads: %d", config.mergeThreads());
        say("transferMebibytes: %d", config.transferMebibytes());
        CompletableFuture<Boolean> stopped = new CompletableFuture<>();
        try (Signals signals = Signals.during(() -> stopped.complete(true));
                Coordinator coordinator = Coordinator.assemble(config)) {
            coordinator.start();
            CompletableFuture<CoordinatorException> failure = coordinator.failure();
            CompletableFuture.anyOf(stopped, failure).join();
            say("closing");
            if (failure.isDone()) {
                throw failure.join();
            }
            return signals.exitCode();
        }
    }
}
