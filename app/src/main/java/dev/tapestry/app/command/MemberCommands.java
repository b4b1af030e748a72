package dev.tapestry.app.command;

import dev.tapestry.app.report.TextTable;
import dev.tapestry.app.steward.StewardClient;
import dev.tapestry.consortium.MemberId;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Who takes part. */
@Command(
        name = "member",
        description = "Invite members, revoke them, list them.",
        footer = {"", "Example:", "  tapestry member invite loom helsinki"})
final class MemberCommands extends CommandGroup {

    /** What {@code member invite --json} prints. */
    record Invitation(MemberId member, String token) {}

    /** What {@code member revoke --json} prints. */
    record Revocation(MemberId member, long logSize) {}

    @Command(
            name = "invite",
            description = {
                "Print a token with which a member's node enrols: one line, works once.",
                "Hand it over on a way that others do not read. The coordinator must be running."
            },
            footer = {
                "",
                "Examples:",
                "  tapestry member invite loom helsinki",
                "  tapestry member invite loom helsinki --valid PT72H > token.txt"
            })
    int invite(
            @Parameters(paramLabel = "DIR", description = "The consortium's directory.")
                    Path directory,
            @Parameters(paramLabel = "MEMBER", description = "The member's id.") MemberId member,
            @Option(
                            names = "--valid",
                            paramLabel = "DURATION",
                            defaultValue = "PT24H",
                            description = "For how long, ISO-8601 (default ${DEFAULT-VALUE}).")
                    Duration valid,
            @Option(names = "--json", description = "As one line of JSON.") boolean json) {
        try (StewardClient steward = StewardFiles.client(directory)) {
            String token = steward.invite(member, valid).strip();
            answer(json, new Invitation(member, token), "%s", token);
            return 0;
        }
    }

    @Command(
            name = "revoke",
            description = {
                "Withdraw a member's right to take part, at once; what it contributed stays in bases"
                        + " that were published.",
                "The coordinator must be running."
            },
            footer = {
                "",
                "Example:",
                "  tapestry member revoke loom helsinki --reason 'key stolen'"
            })
    int revoke(
            @Parameters(paramLabel = "DIR", description = "The consortium's directory.")
                    Path directory,
            @Parameters(paramLabel = "MEMBER", description = "The member's id.") MemberId member,
            @Option(
                            names = "--reason",
                            paramLabel = "TEXT",
                            required = true,
                            description = "Stands in the log.")
                    String reason,
            @Option(names = "--json", description = "As one line of JSON.") boolean json) {
        try (StewardClient steward = StewardFiles.client(directory)) {
            long size = steward.revoke(member, reason).logSize();
            answer(
                    json,
                    new Revocation(member, size),
                    "%s is revoked; the log has %d events",
                    member,
                    size);
            return 0;
        }
    }

    @Command(
            name = "list",
            description = {
                "List all members that ever enrolled, with the beginning of the fingerprint of their"
                        + " node's certificate; --json has all of it. Works offline."
            },
            footer = {
                "",
                "Examples:",
                "  tapestry member list loom",
                "  tapestry member list loom --json"
            })
    int list(
            @Parameters(paramLabel = "DIR", description = "The consortium's directory.")
                    Path directory,
            @Option(names = "--json", description = "As one line of JSON.") boolean json) {
        List<ConsortiumFacts.Standing> members =
                ConsortiumFacts.Standing.of(new ConsortiumFiles(directory).state());
        if (json) {
            json(members);
        } else {
            say("%s", table(members).stripTrailing());
        }
        return 0;
    }

    private static String table(List<ConsortiumFacts.Standing> members) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("member", "standing", "certificate"));
        for (ConsortiumFacts.Standing member : members) {
            rows.add(
                    List.of(
                            member.id().value(),
                            member.standing().name(),
                            member.certificate().abbreviated() + "…"));
        }
        return TextTable.ofWords(rows);
    }
}
