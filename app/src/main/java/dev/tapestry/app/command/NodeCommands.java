package dev.tapestry.app.command;

import dev.tapestry.consortium.CoordinatorMove;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.corpus.DatasetCard;
import dev.tapestry.node.Compute;
import dev.tapestry.node.Enrolment;
import dev.tapestry.node.KeyRotation;
import dev.tapestry.node.Membership;
import dev.tapestry.node.Node;
import dev.tapestry.node.NodeConfig;
import dev.tapestry.node.NodeEvent;
import dev.tapestry.node.NodeHome;
import dev.tapestry.node.NodeLog;
import dev.tapestry.node.TrainerCommand;
import dev.tapestry.node.build.BuildPlan;
import dev.tapestry.node.build.SovereignModel;
import dev.tapestry.node.egress.EgressGate;
import dev.tapestry.node.egress.HttpProxy;
import dev.tapestry.node.round.Fellows;
import dev.tapestry.node.round.LogWitness;
import dev.tapestry.node.round.NodeAgent;
import dev.tapestry.node.round.Relocation;
import dev.tapestry.training.Precision;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.enrolment.EnrolmentToken;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.move.MoveAgreement;
import dev.tapestry.weights.gguf.Quantisation;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
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
        Enrolment.Outcome outcome = Enrolment.standard(config.proxy(), this::tell).join(home, line);
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
        config.trainer()
                .flatMap(TrainerCommand::obstacle)
                .ifPresent(it ->
                        err().println(
                                        "the trainer cannot be run: %s: %s; until then this node trains in no round"
                                                .formatted(it.what(), it.advice())));
        return OpenNode.during(
                home,
                out(),
                node -> {
                    node.agent()
                            .run(
                                    untilRunEnds
                                            ? NodeAgent.Until.noRun()
                                            : NodeAgent.Until.stopped());
                    say("the run has ended");
                    return 0;
                });
    }

    /** What {@code node agree-move --json} prints. */
    record Agreed(CoordinatorMove move, String statement) {}

    @Command(
            name = "agree-move",
            description = {
                "Sign, as this member, that the coordinator moves. Read who it moves to before you do.",
                "It is refused if it contradicts what this node has seen of the log. From then on the node follows",
                "as soon as more than half of the members have signed, and takes nothing more from the old coordinator.",
                "Works while the node runs."
            },
            footer = {
                "",
                "Examples:",
                "  tapestry node agree-move my-node move.json --out statement.json",
                "  tapestry node agree-move my-node --withdraw"
            })
    int agreeMove(
            @Parameters(paramLabel = "DIR", description = "The node's directory.") Path directory,
            @Parameters(
                            paramLabel = "MOVE",
                            arity = "0..1",
                            description = "The proposal ('consortium propose-move').")
                    @Nullable Path proposal,
            @Option(
                            names = "--out",
                            paramLabel = "FILE",
                            defaultValue = "statement.json",
                            description = "This member's statement (default ${DEFAULT-VALUE}).")
                    Path out,
            @Option(
                            names = "--withdraw",
                            description =
                                    "Go on with the present coordinator; a statement that was handed over stays good.")
                    boolean withdraw,
            @Option(names = "--json", description = "As one line of JSON.") boolean json) {
        NodeHome home = new NodeHome(directory);
        if (withdraw) {
            say(Relocation.withdraw(home) ? "withdrawn here" : "there was nothing to withdraw");
            return 0;
        }
        if (proposal == null) {
            throw usage("name the proposal, or say --withdraw");
        }
        CoordinatorMove move =
                CanonicalJson.read(SafeFile.readBytes(proposal), CoordinatorMove.class);
        SafeFile.write(out, Relocation.agree(home, move).bytes());
        answer(
                json,
                new Agreed(move, out.toString()),
                "signed: '%s' moves after %d entries to %s, with %s\nhand over %s",
                move.consortium(),
                move.size(),
                move.to().address(),
                move.to().key(),
                out);
        return 0;
    }

    /** What {@code node follow-move --json} prints. */
    record Given(CoordinatorMove move) {}

    @Command(
            name = "follow-move",
            description = {
                "Give a node that did not sign the members' agreement to a move; it follows when it is started,",
                "or at once if it runs, but only if more than half of the members have signed."
            },
            footer = {"", "Example:", "  tapestry node follow-move my-node agreement.json"})
    int followMove(
            @Parameters(paramLabel = "DIR", description = "The node's directory.") Path directory,
            @Parameters(paramLabel = "AGREEMENT", description = "The members' agreement.")
                    Path agreement,
            @Option(names = "--json", description = "As one line of JSON.") boolean json) {
        MoveAgreement given = MoveAgreement.parse(SafeFile.readBytes(agreement));
        Relocation.give(new NodeHome(directory), given);
        answer(
                json,
                new Given(given.move()),
                "the node will look for the coordinator at %s",
                given.move().to().address());
        return 0;
    }

    private void tell(EgressGate.Outage outage) {
        err().println(
                        "the coordinator cannot be reached: %s; trying again in %d s"
                                .formatted(outage.reason(), outage.again().toSeconds()));
    }

    /** What {@code node rotate-key --json} prints. */
    record Rotated(String key) {}

    @Command(
            name = "rotate-key",
            description = {
                "Replace the key that signs this member's contributions, scores and co-signatures, with the",
                "consortium's knowledge: the log keeps a statement signed with the old and the new key. Stop the node",
                "first. A contribution that was trained and is not admitted yet is trained again: rotate between rounds.",
                "Was it cut off, do the same again. A key that others may have: ask the steward for a revocation instead."
            },
            footer = {"", "Example:", "  tapestry node rotate-key my-node"})
    int rotateKey(
            @Parameters(paramLabel = "DIR", description = "The node's directory.") Path directory,
            @Option(names = "--json", description = "As one line of JSON.") boolean json) {
        String key = KeyRotation.standard(this::tell).rotate(new NodeHome(directory)).value();
        answer(json, new Rotated(key), "signs with %s from now on", key);
        return 0;
    }

    /** What {@code node witnesses --json} prints. */
    record Witnesses(List<Fellows.Fellow> members) {}

    @Command(
            name = "witnesses",
            description = {
                "Say how much of the coordinator's log each member has co-signed, as far as this node was shown.",
                "Of whom the node is shown nothing, it may have been shown another history."
            },
            footer = {"", "Example:", "  tapestry node witnesses my-node"})
    int witnesses(
            @Parameters(paramLabel = "DIR", description = "The node's directory.") Path directory,
            @Option(names = "--json", description = "As one line of JSON.") boolean json) {
        List<Fellows.Fellow> members =
                LogWitness.fellows(new NodeHome(directory)).map(Fellows::members).orElse(List.of());
        if (json) {
            json(new Witnesses(members));
        } else {
            members.forEach(each ->
                    say("%-24s vouches for the first %d entries", each.member(), each.seen()));
        }
        return 0;
    }

    @Command(
            name = "build",
            description = {
                "Make the member's own model: continued pre-training of a base on the node's corpus.",
                "Nothing leaves the node. The result lies in DIR/sovereign/NAME: Hugging Face files,"
                        + " weights.gguf, README.md; the plan in DIR/builds/plans/NAME.yaml, for"
                        + " 'tapestry build run'."
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
        Path from = base.equals(LATEST) ? latest(home) : Path.of(base);
        BuildPlan plan = options.plan(name, from, NodeConfig.read(home).corpus(), quantisation);
        try (Node node = Node.open(home, new NodeLines(json ? err() : out()));
                Signals _ = Signals.during(node::stop)) {
            SovereignModel model = node.builds().build(plan);
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
            name = "status",
            description = {
                "Say what the node's own directory tells: member, coordinator, certificate, what it"
                        + " began, wrote and failed at last. Asks nobody; works while the node runs.",
                "'tapestry doctor' also asks the coordinator, and says what to do;"
                        + " the steward's 'run status' has all members."
            },
            footer = {
                "",
                "Examples:",
                "  tapestry node status my-node",
                "  tapestry node status my-node --json"
            })
    int status(
            @Parameters(paramLabel = "DIR", description = "The node's directory.") Path directory,
            @Option(names = "--json", description = "As one line of JSON.") boolean json) {
        NodeStatus status = NodeStatus.of(new NodeHome(directory));
        answer(json, status, "%s", status.text(Instant.now()));
        return 0;
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
        try (NodeLog log = log(new NodeHome(directory))) {
            Stream<NodeEvent.Receipt> receipts =
                    log.events()
                            .filter(NodeEvent.Receipt.class::isInstance)
                            .map(NodeEvent.Receipt.class::cast);
            if (each) {
                receipts.forEach(receipt -> say(receipt, json));
            } else {
                Receipts sums = Receipts.of(receipts);
                answer(json, sums, "%s", sums.text());
            }
        }
        return 0;
    }

    private void say(NodeEvent.Receipt receipt, boolean json) {
        answer(
                json,
                receipt,
                "%s %-17s %s %s: %,d out, %,d in, %s",
                receipt.at(),
                receipt.kind(),
                receipt.method(),
                receipt.path(),
                receipt.bytesSent(),
                receipt.bytesReceived(),
                receipt.outcome());
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

    /** The newest base that the coordinator's log proved; an older one is nobody's latest. */
    private static Path latest(NodeHome home) {
        Digest newest;
        try (NodeLog log = log(home)) {
            newest =
                    log.events()
                            .filter(NodeEvent.Decision.class::isInstance)
                            .map(NodeEvent.Decision.class::cast)
                            .filter(it -> it.verdict() == NodeEvent.Verdict.BASE_BELIEVED)
                            .reduce((_, later) -> later)
                            .map(decision -> new Digest(decision.reason()))
                            .orElseThrow(() ->
                                    new CommandException(
                                            "%s has verified no base yet: take part in a round first ('tapestry node start'), or give --base a directory"
                                                    .formatted(home.directory())));
        }
        Path model = home.model(newest);
        if (!Files.isDirectory(model)) {
            throw new CommandException(
                    "the newest base that was verified is no longer here: %s; fetch it ('tapestry node start'), or give --base a directory"
                            .formatted(model));
        }
        return model;
    }

    private static NodeLog log(NodeHome home) {
        if (!Files.exists(home.log())) {
            throw new CommandException(
                    home.directory() + " is no node (no log); join with 'tapestry node join'");
        }
        return NodeLog.readOnly(home.log());
    }
}
