package dev.tapestry.app.command;

import dev.tapestry.coordinator.Coordinator;
import dev.tapestry.coordinator.CoordinatorConfig;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** The consortium's server. */
@Command(
        name = "coordinator",
        description = "Run the consortium's server.",
        footer = {"", "Example:", "  tapestry coordinator start consortium"})
final class CoordinatorCommands extends CommandGroup {

    @Command(
            name = "start",
            description = {
                "Serve nodes and the steward until stopped; one line per event of the log.",
                "An interrupt or termination closes it within seconds; a merge under way goes on at"
                        + " the next start."
            },
            footer = {"", "Example:", "  tapestry coordinator start consortium"})
    int start(
            @Parameters(paramLabel = "DIR", description = "The consortium's directory.")
                    Path directory)
            throws InterruptedException {
        CoordinatorConfig config = CoordinatorConfig.read(directory);
        say("# %s", directory.toAbsolutePath().normalize());
        say("host: %s", config.listening().host());
        say("port: %d", config.listening().port());
        say("dnsNames: %s", config.listening().dnsNames());
        say("keepRounds: %d", config.retention().keepRounds());
        say("mergeThreads: %d", config.mergeThreads());
        try (Signals signals = Signals.during(() -> {});
                Coordinator coordinator = Coordinator.assemble(config)) {
            coordinator.start();
            signals.await();
            say("closing");
            return signals.exitCode();
        }
    }
}
