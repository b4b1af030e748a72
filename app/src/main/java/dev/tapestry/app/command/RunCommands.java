package dev.tapestry.app.command;

import dev.tapestry.app.report.TextTable;
import dev.tapestry.app.steward.StewardClient;
import dev.tapestry.consortium.RunPlan;
import dev.tapestry.consortium.protocol.Presence;
import dev.tapestry.consortium.protocol.PresenceView;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.consortium.protocol.Wait;
import dev.tapestry.trust.json.StrictYaml;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Runs of the Shared-Base Loop. */
@Command(
        name = "run",
        description = "Start a run of the Shared-Base Loop, watch it, stop it.",
        footer = {"", "Example:", "  tapestry run watch loom"})
final class RunCommands extends CommandGroup {

    /** What {@code run start --json} prints. */
    record Started(int rounds, long tokensPerRound, long logSize) {}

    /** What {@code run status --json} prints, and {@code run watch} while nothing changes. */
    record Status(RoundView round, PresenceView presence, String waiting) {
        static Status of(Wait wait) {
            return new Status(wait.round(), wait.presence(), wait.line());
        }
    }

    /** What {@code run stop --json} prints. */
    record Stopped(long logSize) {}

    @Command(
            name = "start",
            description = {
                "Start a run: so many rounds by one plan. The coordinator must be running.",
                "Rounds begin as soon as as many members are enrolled as the charter's quorum asks."
            },
            footer = {"", "Example:", "  tapestry run start loom run-plan.yaml"})
    int start(
            @Parameters(paramLabel = "DIR", description = "The consortium's directory.")
                    Path directory,
            @Parameters(paramLabel = "PLAN", description = "The plan, in YAML.") Path plan,
            @Option(names = "--json", description = "As one line of JSON.") boolean json) {
        RunPlan run = StrictYaml.read(plan, RunPlan.class);
        try (StewardClient steward = StewardFiles.client(directory)) {
            long size = steward.start(run).logSize();
            long tokens = run.training().tokensPerRound();
            if (json) {
                json(new Started(run.rounds(), tokens, size));
            } else {
                say(
                        "%d rounds of %,d tokens per member; the log has %d events",
                        run.rounds(), tokens, size);
                say("next:   tapestry run watch %s", directory);
            }
            return 0;
        }
    }

    @Command(
            name = "stop",
            description = {
                "End the run that is under way.",
                "The round under way is abandoned: what was contributed to it is not merged.",
                "Bases that were published stay. Another run can begin at once."
            },
            footer = {
                "",
                "Example:",
                "  tapestry run stop loom --reason 'sequences are too long for two members'"
            })
    int stop(
            @Parameters(paramLabel = "DIR", description = "The consortium's directory.")
                    Path directory,
            @Option(
                            names = "--reason",
                            paramLabel = "TEXT",
                            required = true,
                            description = "For the log, where every member reads it.")
                    String reason,
            @Option(names = "--json", description = "As one line of JSON.") boolean json) {
        try (StewardClient steward = StewardFiles.client(directory)) {
            long size = steward.stop(reason).logSize();
            answer(json, new Stopped(size), "the run has ended; the log has %d events", size);
            return 0;
        }
    }

    @Command(
            name = "status",
            description = {
                "Show where the loop is, how many are in, for whom it waits until when or how far the",
                "coordinator's own merge is, and what every member's node does, as far as its settings let",
                "it say: steps, bytes that have arrived, what hinders it; and which certificates end within 30 days, with what happens then."
            },
            footer = {
                "",
                "Examples:",
                "  tapestry run status loom",
                "  tapestry run status loom --json"
            })
    int status(
            @Parameters(paramLabel = "DIR", description = "The consortium's directory.")
                    Path directory,
            @Option(names = "--json", description = "As one line of JSON.") boolean json) {
        try (StewardClient steward = StewardFiles.client(directory)) {
            RoundView round = steward.round(0, Duration.ZERO);
            PresenceView presence = steward.presence();
            Wait wait = new Wait(round, presence);
            answer(
                    json,
                    Status.of(wait),
                    "%s%n%n%s%s",
                    RunWatch.line(wait),
                    table(presence).stripTrailing(),
                    endings(presence));
            return 0;
        }
    }

    @Command(
            name = "metrics",
            description = {
                "Print what a monitoring system reads, in Prometheus' text format: round, phase,",
                "deadline, for each member whether it is awaited, when it was last seen and got on,",
                "what its node does and what hinders it; answers by code; the coordinator's process."
            },
            footer = {
                "",
                "Examples:",
                "  tapestry run metrics loom",
                "  tapestry run metrics loom > textfiles/.new && mv textfiles/.new textfiles/loom.prom"
            })
    int metrics(
            @Parameters(paramLabel = "DIR", description = "The consortium's directory.")
                    Path directory) {
        try (StewardClient steward = StewardFiles.client(directory)) {
            say("%s", steward.metrics().stripTrailing());
            return 0;
        }
    }

    private static String endings(PresenceView view) {
        return view.endings().stream()
                .map(ending -> "%n%s".formatted(ending.line(view.clock())))
                .collect(
                        Collectors.joining(
                                "", view.endings().isEmpty() ? "" : "%n".formatted(), ""));
    }

    private static String table(PresenceView view) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("member", "awaited", "last seen", "state"));
        for (Presence member : view.members()) {
            rows.add(
                    List.of(
                            member.member().value(),
                            member.awaited() ? "yes" : "",
                            member.lastSeen(view.clock()),
                            member.state(view.clock())));
        }
        return TextTable.ofWords(rows);
    }

    @Command(
            name = "watch",
            description = {
                "Print a line whenever something changes: round, phase, how many are in, who is missing, deadline;",
                "while nothing changes, once a minute how far those are who are awaited, or the merge;",
                "and one for each merge: how far the members' updates agree, among each other and with those before.",
                "Ends when the run does: with 0 if it published all its bases, or with 1 if it ended"
                        + " before. While nothing runs it speaks of the latest round."
            },
            footer = {
                "",
                "Examples:",
                "  tapestry run watch loom",
                "  tapestry run watch loom --json > run.jsonl"
            })
    int watch(
            @Parameters(paramLabel = "DIR", description = "The consortium's directory.")
                    Path directory,
            @Option(
                            names = "--json",
                            description =
                                    "One line of JSON per change, and per minute without one.")
                    boolean json)
            throws InterruptedException {
        MergeLines merges = new MergeLines();
        try (StewardClient steward = StewardFiles.client(directory)) {
            RoundView last =
                    new RunWatch(
                                    steward,
                                    seen -> {
                                        answer(json, seen.round(), "%s", RunWatch.line(seen));
                                        if (!json) {
                                            merges.of(seen.round())
                                                    .ifPresent(line -> say("%s", line));
                                        }
                                    },
                                    wait -> answer(json, Status.of(wait), "    %s", wait.line()),
                                    this::trouble,
                                    Thread::sleep)
                            .follow();
            return (RunWatch.succeeded(last) ? ExitCode.DONE : ExitCode.REFUSED).number();
        }
    }

    /** Of the way to the coordinator, so by this machine's clock. */
    private void trouble(String what) {
        err().println(Instant.now().truncatedTo(ChronoUnit.SECONDS) + "  " + what);
        err().flush();
    }
}
