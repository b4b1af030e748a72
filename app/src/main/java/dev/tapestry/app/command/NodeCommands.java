package dev.tapestry.app.command;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.corpus.DatasetCard;
import dev.tapestry.node.Compute;
import dev.tapestry.node.Enrolment;
import dev.tapestry.node.Membership;
import dev.tapestry.node.Node;
import dev.tapestry.node.NodeConfig;
import dev.tapestry.node.NodeEvent;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeHome;
import dev.tapestry.node.NodeLog;
import dev.tapestry.node.build.BuildOrder;
import dev.tapestry.node.build.SovereignModel;
import dev.tapestry.node.egress.HttpProxy;
import dev.tapestry.node.round.NodeAgent;
import dev.tapestry.training.Precision;
import dev.tapestry.trust.enrolment.EnrolmentToken;
import dev.tapestry.weights.gguf.Quantisation;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** A member's node. */
@Command(
        name = "node",
        description = "Join a consortium, take part, and make models of your own.",
        footer = {"", "Example:", "  tapestry node start my-node"})
final class NodeCommands extends CommandGroup {

    private static final String LATEST = "latest";

    /** What {@code node join --json} prints; {@code before} if it had joined already. */
    record Joined(
            String consortium, MemberId member, URI coordinator, boolean before, String settings) {}

    @Command(
            name = "join",
            description = {
                "Make a directory a member's node: enrol with the steward's token, write node.yaml.",
                "The keys are made here and never leave. With a new token a node enrols again: with the"
                        + " keys and settings that it has."
            },
            footer = {
                "",
                "Examples:",
                "  tapestry node join my-node tapestry1.eyJ… --corpus /data/corpus --threads 8",
                "  tapestry node join my-node - --corpus /data/corpus < token.txt",
                "  tapestry node join my-node - --corpus /data/corpus --proxy http://proxy.site:3128 < token.txt"
            })
    int join(
            @Parameters(paramLabel = "DIR", description = "The node's directory.") Path directory,
            @Parameters(
                            paramLabel = "TOKEN",
                            description =
                                    "The line from the steward; - reads it from standard input.")
                    String token,
            @Option(
                            names = "--corpus",
                            paramLabel = "CORPUS_DIR",
                            required = true,
                            description = "The member's text, with its card.yaml.")
                    Path corpus,
            @Option(
                            names = "--threads",
                            paramLabel = "N",
                            description = "Of training; default: all processors.")
                    @Nullable Integer threads,
            @Mixin ProxyOptions proxy,
            @Option(names = "--json", description = "As one line of JSON.") boolean json) {
        String line = token.equals("-") ? StandardInput.line() : token;
        NodeHome home = new NodeHome(directory);
        // Whatever can be wrong here is found before the token is spent.
        MemberId invited = EnrolmentToken.parse(line).member();
        boolean settled = Files.exists(home.config());
        NodeConfig config =
                settled
                        ? NodeConfig.read(home)
                        : settings(invited, corpus, threads).withProxy(proxy.proxy());
        DatasetCard card = DatasetCard.read(config.corpus());
        if (config.proxy().isEmpty()) {
            HttpProxy.inEnvironment(System.getenv())
                    .ifPresent(name ->
                            err().println(
                                            "%s is set and not used: if the way out is a proxy, name it with --proxy"
                                                    .formatted(name)));
        }
        Enrolment.Outcome outcome =
                Enrolment.standard(
                                config.proxy(),
                                outage ->
                                        err().println(
                                                        "the coordinator cannot be reached: %s; trying again in %d s"
                                                                .formatted(
                                                                        outage.reason(),
                                                                        outage.again()
                                                                                .toSeconds())))
                        .join(home, line);
        if (!settled) {
            config.write(home);
        }
        Membership member = outcome.membership();
        boolean before =
                switch (outcome) {
                    case Enrolment.Outcome.Joined _ -> false;
                    case Enrolment.Outcome.JoinedBefore _ -> true;
                };
        if (json) {
            json(
                    new Joined(
                            member.consortium(),
                            member.member(),
                            member.coordinator(),
                            before,
                            home.config().toString()));
        } else {
            say(
                    before ? "had joined '%s' as %s before, at %s" : "joined '%s' as %s, at %s",
                    member.consortium(),
                    member.member(),
                    member.coordinator());
            say("corpus: '%s' in %s; settings: %s", card.name(), config.corpus(), home.config());
            if (settled) {
                say(
                        "kept:   the settings that were there; --corpus, --threads and --proxy change nothing");
            }
            say("next:   tapestry node start %s", directory);
        }
        return 0;
    }

    private static NodeConfig settings(MemberId member, Path corpus, @Nullable Integer threads) {
        NodeConfig standard = NodeConfig.standard(member, corpus.toAbsolutePath().normalize());
        return threads == null ? standard : standard.with(Compute.of(threads, Precision.AUTO));
    }

    @Command(
            name = "start",
            description = {
                "Take part in rounds until stopped. Restart it at any time: it goes on where it was.",
                "An interrupt or termination ends it between two training steps."
            },
            footer = {
                "",
                "Examples:",
                "  tapestry node start my-node",
                "  tapestry node start my-node --until-run-ends > node.log"
            })
    int start(
            @Parameters(paramLabel = "DIR", description = "The node's directory.") Path directory,
            @Option(names = "--until-run-ends", description = "End when the current run does.")
                    boolean untilRunEnds) {
        NodeHome home = new NodeHome(directory);
        Membership member = Membership.of(home);
        NodeConfig config = NodeConfig.read(home);
        say("# %s of '%s' at %s", member.member(), member.consortium(), member.coordinator());
        say("%s", config.yaml().stripTrailing());
        try (Node node = Node.open(home, new NodeLines(out()));
                Signals signals = Signals.during(node::stop)) {
            try {
                node.agent()
                        .run(untilRunEnds ? NodeAgent.Until.noRun() : NodeAgent.Until.stopped());
                say("the run has ended");
                return 0;
            } catch (NodeException e) {
                return stopped(signals, e);
            }
        }
    }

    @Command(
            name = "build",
            description = {
                "Make the member's own model: continued pre-training of a base on the node's corpus.",
                "Nothing leaves the node. The result lies in DIR/sovereign/NAME: Hugging Face files,"
                        + " weights.gguf, README.md."
            },
            footer = {
                "",
                "Examples:",
                "  tapestry node build my-node --name finnish-law --base latest --tokens 2000000",
                "  tapestry node build my-node --name trial --base ~/base --tokens 100000"
                        + " --learning-rate 0.001"
            })
    int build(
            @Parameters(paramLabel = "DIR", description = "The node's directory.") Path directory,
            @Option(
                            names = "--name",
                            paramLabel = "NAME",
                            required = true,
                            description = "Of the new model.")
                    String name,
            @Option(
                            names = "--base",
                            paramLabel = "MODEL_DIR",
                            required = true,
                            description =
                                    "A model directory, or 'latest': the newest base that the node has verified.")
                    String base,
            @Option(
                            names = "--quantisation",
                            paramLabel = "HOW",
                            defaultValue = "f16",
                            description =
                                    "Of weights.gguf: ${COMPLETION-CANDIDATES} (default ${DEFAULT-VALUE}).")
                    Quantisation quantisation,
            @Option(names = "--json", description = "The result as one line of JSON.") boolean json,
            @Mixin BuildOptions options) {
        NodeHome home = new NodeHome(directory);
        BuildOrder order =
                new BuildOrder(
                        name,
                        base.equals(LATEST) ? latest(home) : Path.of(base),
                        options.training(),
                        options.scoringTokens(),
                        quantisation);
        try (Node node = Node.open(home, new NodeLines(json ? err() : out()));
                Signals _ = Signals.during(node::stop)) {
            SovereignModel model = node.builds().build(order);
            answer(
                    json,
                    Built.of(model),
                    "%s: %.4f bits per byte before, %.4f after; in %s",
                    name,
                    model.baseBitsPerByte(),
                    model.bitsPerByte(),
                    model.directory());
            return 0;
        }
    }

    @Command(
            name = "receipts",
            description = {
                "Add up what left the node and what arrived, from the node's own log.",
                "Works while the node runs."
            },
            footer = {
                "",
                "Examples:",
                "  tapestry node receipts my-node",
                "  tapestry node receipts my-node --each --json > receipts.jsonl"
            })
    int receipts(
            @Parameters(paramLabel = "DIR", description = "The node's directory.") Path directory,
            @Option(names = "--each", description = "Every receipt instead of the sums.")
                    boolean each,
            @Option(names = "--json", description = "As lines of JSON.") boolean json) {
        List<NodeEvent> events = events(new NodeHome(directory));
        if (each) {
            for (NodeEvent event : events) {
                if (event instanceof NodeEvent.Receipt receipt) {
                    if (json) {
                        json(receipt);
                    } else {
                        say(
                                "%s %-17s %s %s: %,d out, %,d in, %s",
                                receipt.at(),
                                receipt.kind(),
                                receipt.method(),
                                receipt.path(),
                                receipt.bytesSent(),
                                receipt.bytesReceived(),
                                receipt.outcome());
                    }
                }
            }
        } else {
            Receipts sums = Receipts.of(events);
            answer(json, sums, "%s", sums.text());
        }
        return 0;
    }

    /** What {@code node build --json} prints. */
    record Built(
            String directory,
            Digest digest,
            Digest base,
            long tokens,
            double before,
            double after) {
        static Built of(SovereignModel model) {
            return new Built(
                    model.directory().toString(),
                    model.digest(),
                    model.base(),
                    model.tokens(),
                    model.baseBitsPerByte(),
                    model.bitsPerByte());
        }
    }

    private static int stopped(Signals signals, NodeException failure) {
        if (failure.code() == NodeException.Code.STOPPED && signals.came()) {
            return signals.exitCode();
        }
        throw failure;
    }

    /** The newest base that the coordinator's log proved; an older one is nobody's latest. */
    private static Path latest(NodeHome home) {
        Digest newest =
                events(home).reversed().stream()
                        .filter(NodeEvent.Decision.class::isInstance)
                        .map(NodeEvent.Decision.class::cast)
                        .filter(decision -> decision.verdict() == NodeEvent.Verdict.BASE_BELIEVED)
                        .findFirst()
                        .map(decision -> new Digest(decision.reason()))
                        .orElseThrow(() ->
                                new CommandException(
                                        "%s has verified no base yet: take part in a round first ('tapestry node start'), or give --base a directory"
                                                .formatted(home.directory())));
        Path model = home.model(newest);
        if (!Files.isDirectory(model)) {
            throw new CommandException(
                    "the newest base that was verified is no longer here: %s; fetch it ('tapestry node start'), or give --base a directory"
                            .formatted(model));
        }
        return model;
    }

    private static List<NodeEvent> events(NodeHome home) {
        if (!Files.exists(home.log())) {
            throw new CommandException(
                    home.directory() + " is no node (no log); join with 'tapestry node join'");
        }
        try (NodeLog log = NodeLog.readOnly(home.log())) {
            return log.events();
        }
    }
}
