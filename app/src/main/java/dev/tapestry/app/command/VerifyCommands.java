package dev.tapestry.app.command;

import dev.tapestry.aggregation.MergeVerification;
import dev.tapestry.app.evaluation.EvaluationText;
import dev.tapestry.consortium.MergeFigures;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.coordinator.BundleReport;
import dev.tapestry.coordinator.MergeReceipt;
import dev.tapestry.coordinator.VerifyBundle;
import dev.tapestry.coordinator.VerifyMerge;
import dev.tapestry.node.NodeHome;
import dev.tapestry.node.evaluation.EvaluationResult;
import dev.tapestry.node.evaluation.Evidence;
import dev.tapestry.node.evaluation.ResultFile;
import dev.tapestry.trust.signature.VerifyingKey;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What an auditor can check without asking anybody. */
@Command(
        name = "verify",
        description =
                "Check a log, a bundle, a receipt, a merge or an evaluation without a network.",
        footer = {"", "Example:", "  tapestry verify log loom"})
final class VerifyCommands extends CommandGroup {

    @Command(
            name = "log",
            description = {
                "Recompute every hash of a log, compare with every signed checkpoint, hold every event against the rules.",
                "Ends with 1 and names the first entry that was changed, or that the rules would never have written."
            },
            footer = {
                "",
                "Examples:",
                "  tapestry verify log loom",
                "  tapestry verify log loom --witness my-node"
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
        LogReport report = LogReport.of(directory, witness);
        if (json) {
            json(report);
        } else if (report.whole()) {
            say(
                    "whole: %d entries, %d of them under a signed checkpoint",
                    report.entries(), report.signed());
            report.root().ifPresent(root -> say("root   %s", root));
        }
        if (!report.whole()) {
            err().println("tapestry: " + report.problem());
        }
        return (report.whole() ? ExitCode.DONE : ExitCode.REFUSED).number();
    }

    /** What is asked of a bundle beyond soundness. */
    static final class DemandOptions {
        @Option(
                names = "--key",
                paramLabel = "KEY",
                description =
                        "The coordinator's public key, from somebody who is trusted; without it, and without --witness, the bundle's own word is taken.")
        @Nullable String key;

        @Option(
                names = "--witnesses",
                paramLabel = "K",
                defaultValue = "0",
                description =
                        "Demand that so many members have co-signed the log up to its latest base (default ${DEFAULT-VALUE}).")
        int witnesses;

        @Option(
                names = "--witness",
                paramLabel = "NODE_DIR",
                description =
                        "Compare also with the checkpoint that this node remembers, and trust the key that it enrolled with.")
        @Nullable Path witness;

        VerifyBundle.Demands demands() {
            Optional<NodeMemory> memory =
                    Optional.ofNullable(witness).map(NodeHome::new).map(NodeMemory::of);
            return new VerifyBundle.Demands(
                    Optional.ofNullable(key)
                            .map(VerifyingKey::new)
                            .or(() -> memory.map(NodeMemory::key)),
                    witnesses,
                    memory.map(NodeMemory::seen),
                    Optional.empty());
        }
    }

    @Command(
            name = "bundle",
            description = {
                "Verify an audit bundle ('tapestry log export') with nothing but the file: every hash, every signature,",
                "every event by the rules, every signed manifest that is in it, every witness.",
                "Ends with 1 and names the first entry that does not fit."
            },
            footer = {
                "",
                "Examples:",
                "  tapestry verify bundle loom.zip",
                "  tapestry verify bundle loom.zip --key ed25519:… --witnesses 3 --json",
                "  tapestry verify bundle loom.zip --witness my-node"
            })
    int bundle(
            @Parameters(paramLabel = "FILE", description = "The bundle.") Path file,
            @Mixin DemandOptions options,
            @Option(
                            names = "--contributions",
                            paramLabel = "DIR",
                            description =
                                    "Merge again what is kept in a coordinator's directory, or a copy of it.")
                    @Nullable Path contributions,
            @Option(names = "--json", description = "As one line of JSON.") boolean json) {
        VerifyBundle.Demands demands = options.demands();
        return tell(
                VerifyBundle.of(
                        file,
                        contributions == null ? demands : demands.withContributions(contributions)),
                demands,
                json);
    }

    @Command(
            name = "receipt",
            description = {
                "Merge a round again from its receipt ('tapestry log receipt') and compare every byte with what the log says,",
                "after verifying the log in it as 'verify bundle' does. Needs no network and no coordinator.",
                "Ends with 1 and names what does not fit."
            },
            footer = {
                "",
                "Examples:",
                "  tapestry verify receipt round-3",
                "  tapestry verify receipt round-3 --witness my-node"
            })
    int receipt(
            @Parameters(paramLabel = "DIR", description = "The receipt.") Path directory,
            @Mixin DemandOptions options,
            @Option(names = "--json", description = "As one line of JSON.") boolean json) {
        VerifyBundle.Demands demands = options.demands();
        return tell(MergeReceipt.verify(directory, demands), demands, json);
    }

    private int tell(BundleReport report, VerifyBundle.Demands demands, boolean json) {
        if (json) {
            json(report);
        } else if (report.sound()) {
            say("sound: %d entries of '%s'", report.entries(), report.consortium());
            report.root().ifPresent(root -> say("root   %s", root));
            say(
                    demands.key().isEmpty()
                            ? "key    %s, by the bundle's own word: compare it with what members know"
                            : "key    %s",
                    report.coordinatorKey());
            report.witnesses()
                    .forEach(witness ->
                            say(
                                    "%-24s co-signed the first %d entries at %s",
                                    witness.member(), witness.entries(), witness.at()));
            say("%d members vouch for the latest base", report.witnessed());
            say(
                    "%d signed manifests fit; %d are not in the bundle",
                    report.manifests(), report.manifestsMissing());
            report.merges()
                    .forEach(merge ->
                            say(
                                    "round %d merged again: %s%s",
                                    merge.round(),
                                    switch (merge.outcome()) {
                                        case MATCHES -> "matches, to the last byte";
                                        case DIFFERS -> "differs";
                                        case NOT_KEPT -> "not kept";
                                    },
                                    merge.detail().isEmpty() ? "" : ": " + merge.detail()));
        }
        if (!report.sound()) {
            err().println("tapestry: " + report.problem());
        }
        return (report.sound() ? ExitCode.DONE : ExitCode.REFUSED).number();
    }

    /** What {@code verify evaluation --json} prints. */
    record VerifiedEvaluation(String key, EvaluationResult result) {}

    @Command(
            name = "evaluation",
            description = {
                "Check a signed evaluation ('model evaluate --sign') with nothing but the file, and"
                        + " say what it states.",
                "Ends with 1 if a figure was changed after it was signed, or somebody else has"
                        + " signed."
            },
            footer = {
                "",
                "Examples:",
                "  tapestry verify evaluation council.dsse.json",
                "  tapestry verify evaluation council.dsse.json --key ed25519:… --json"
            })
    int evaluation(
            @Parameters(paramLabel = "FILE", description = "The evidence.") Path file,
            @Option(
                            names = "--key",
                            paramLabel = "KEY",
                            description =
                                    "Whose it must be, from somebody who is trusted; without it the"
                                            + " document's own word is taken.")
                    @Nullable String key,
            @Option(names = "--json", description = "As one line of JSON.") boolean json) {
        Evidence.Statement statement =
                Evidence.open(
                        ResultFile.read(file), Optional.ofNullable(key).map(VerifyingKey::new));
        if (json) {
            json(new VerifiedEvaluation(statement.key().value(), statement.result()));
            return ExitCode.DONE.number();
        }
        say("unchanged since it was signed");
        say(
                key == null
                        ? "key    %s, by the document's own word: compare it with what its owner"
                                + " says"
                        : "key    %s",
                statement.key());
        say("model  %s", statement.result().model());
        statement
                .result()
                .suites()
                .forEach(suite -> say("suite  %s, %s", suite.digest(), suite.suite()));
        say("%s", EvaluationText.table(statement.result(), Optional.empty()).stripTrailing());
        return ExitCode.DONE.number();
    }

    /** What {@code verify merge --json} prints. */
    record MergeReport(
            boolean matches, List<String> differences, List<MergeFigures.Agreement> agreement) {}

    @Command(
            name = "merge",
            description = {
                "Merge a round again from the log and the files that are kept, and compare every byte.",
                "Checks that the charter gives the weights that were used, that every member signed what the log says,",
                "and that the base that was published is this candidate.",
                "Says how far the updates agree, by kind of tensor: the norm of the merged update as a share of the members'",
                "norms, squared; the cosine with the update or momentum before; how far a step goes along and across the update.",
                "Ends with 1 and names the differences."
            },
            footer = {"", "Example:", "  tapestry verify merge loom --round 3"})
    int merge(
            @Parameters(paramLabel = "DIR", description = "A coordinator's directory.")
                    Path directory,
            @Option(names = "--round", required = true, paramLabel = "N", description = "Which.")
                    int round,
            @Option(names = "--json", description = "As one line of JSON.") boolean json) {
        ConsortiumFiles files = new ConsortiumFiles(directory);
        files.requireLog();
        MergeReport report =
                switch (VerifyMerge.of(directory, new RoundNumber(round))) {
                    case MergeVerification.Matches(var statistics) -> {
                        List<MergeFigures.Agreement> agreement = statistics.figures().agreement();
                        if (!json) {
                            statistics
                                    .members()
                                    .forEach((member, update) ->
                                            say(
                                                    "%-24s weight %.4f, norm of the update %.4g, cosine with the merge %.3f",
                                                    member,
                                                    update.weight(),
                                                    update.norm(),
                                                    update.cosineWithAggregate()));
                            agreement.forEach(
                                    group -> say("%-24s %s", group.group(), group.line()));
                            say("round %d: the candidate is this merge, to the last byte", round);
                        }
                        yield new MergeReport(true, List.of(), agreement);
                    }
                    case MergeVerification.Differs(var differences) -> {
                        differences.forEach(each -> err().println("tapestry: " + each));
                        yield new MergeReport(false, differences, List.of());
                    }
                };
        if (json) {
            json(report);
        }
        return (report.matches() ? ExitCode.DONE : ExitCode.REFUSED).number();
    }
}
