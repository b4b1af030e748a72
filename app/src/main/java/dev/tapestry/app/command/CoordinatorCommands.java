package dev.tapestry.app.command;

import dev.tapestry.coordinator.Backup;
import dev.tapestry.coordinator.Coordinator;
import dev.tapestry.coordinator.CoordinatorConfig;
import dev.tapestry.coordinator.CoordinatorException;
import dev.tapestry.coordinator.StoreCheck;
import dev.tapestry.coordinator.StoreMove;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
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
                        + " 3, to be started again.",
                "Where several coordinators share a log in PostgreSQL one leads; the others stand by"
                        + " with their port closed, and take over when it is silent for a lease. One"
                        + " that has lost its lease ends with status 3; started again, it stands by."
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
        say("log: %s", config.log());
        say("objects: %s", config.objects());
        CompletableFuture<Boolean> stopped = new CompletableFuture<>();
        Thread standingBy = Thread.currentThread();
        AtomicBoolean leads = new AtomicBoolean();
        try (Signals signals =
                Signals.during(() -> {
                    stopped.complete(true);
                    if (!leads.get()) {
                        standingBy.interrupt();
                    }
                })) {
            try (Coordinator coordinator = Coordinator.assemble(config)) {
                leads.set(true);
                Thread.interrupted(); // it came too late to stop what has begun by now
                serve(coordinator, stopped);
                return signals.exitCode();
            } catch (CoordinatorException e) {
                if (stopped.isDone() && e.code() == CoordinatorException.Code.STOPPED) {
                    return signals.exitCode();
                }
                throw e;
            }
        }
    }

    private void serve(Coordinator coordinator, CompletableFuture<Boolean> stopped) {
        coordinator.start();
        CompletableFuture<CoordinatorException> failure = coordinator.failure();
        CompletableFuture.anyOf(stopped, failure).join();
        say("closing");
        if (failure.isDone()) {
            throw failure.join();
        }
    }

    @Command(
            name = "check",
            description = {
                "Look whether a coordinator could start here: configuration, keys, log and objects.",
                "Ends with status 1 if something is not as it should be. Also while one runs."
            },
            footer = {"", "Example:", "  tapestry coordinator check loom"})
    int check(
            @Parameters(paramLabel = "DIR", description = "The consortium's directory.")
                    Path directory,
            @Option(names = "--json", description = "One line of JSON instead of words.")
                    boolean json) {
        List<StoreCheck.Finding> findings = StoreCheck.of(directory);
        if (json) {
            json(findings);
        } else {
            findings.forEach(finding ->
                    say(
                            "%s  %s%s",
                            finding.good() ? "good" : "BAD ",
                            finding.what(),
                            finding.detail().isEmpty() ? "" : ": " + finding.detail()));
        }
        return findings.stream().allMatch(StoreCheck.Finding::good) ? 0 : 1;
    }

    /** What {@code coordinator backup --json} prints. */
    record Copied(String directory, long entries) {}

    @Command(
            name = "backup",
            description = {
                "Copy a coordinator, also one that runs, to a directory from which another can be"
                        + " started: log, files and keys. All is compared with its digests.",
                "The copy holds the consortium's secret keys: keep it as you keep those. An old one"
                        + " must not be started once nodes have seen more: they refuse it."
            },
            footer = {"", "Example:", "  tapestry coordinator backup loom backups/2026-11-27"})
    int backup(
            @Parameters(paramLabel = "DIR", description = "The consortium's directory.")
                    Path directory,
            @Parameters(paramLabel = "TO", description = "A directory that does not exist.")
                    Path target,
            @Option(names = "--json", description = "As one line of JSON.") boolean json) {
        long entries = Backup.make(directory, target);
        answer(
                json,
                new Copied(target.toString(), entries),
                "%s holds %d entries of the log, what they refer to, and the secret keys",
                target,
                entries);
        return 0;
    }

    /** What {@code coordinator move --json} prints. */
    record Stored(String log, long entries, String objects) {}

    @Command(
            name = "move",
            description = {
                "Move log and files of a coordinator that does not run to the stores that"
                        + " coordinator.yaml names (log, objects).",
                "It may be cut off and started again. Afterwards log.db is called log.db.moved."
            },
            footer = {"", "Example:", "  tapestry coordinator move loom"})
    int move(
            @Parameters(paramLabel = "DIR", description = "The consortium's directory.")
                    Path directory,
            @Option(names = "--json", description = "As one line of JSON.") boolean json) {
        CoordinatorConfig config = CoordinatorConfig.read(directory);
        long entries = StoreMove.run(directory);
        answer(
                json,
                new Stored(config.log().toString(), entries, config.objects().toString()),
                "log: %s, %d entries\nobjects: %s",
                config.log(),
                entries,
                config.objects());
        return 0;
    }
}
