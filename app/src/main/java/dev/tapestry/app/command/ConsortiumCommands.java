package dev.tapestry.app.command;

import dev.tapestry.app.steward.StewardClient;
import dev.tapestry.consortium.Charter;
import dev.tapestry.consortium.Consortium;
import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.CoordinatorMove;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.Successor;
import dev.tapestry.consortium.protocol.Accepted;
import dev.tapestry.coordinator.Coordinator;
import dev.tapestry.coordinator.CoordinatorConfig.Listening;
import dev.tapestry.coordinator.Succession;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.json.StrictYaml;
import dev.tapestry.trust.move.MoveAgreement;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** A consortium's founding and what is known of it. */
@Command(
        name = "consortium",
        description = "Found a consortium, give it a base, look at it, move it.",
        footer = {"", "Example:", "  tapestry consortium show loom"})
final class ConsortiumCommands extends CommandGroup {

    /** What {@code consortium found --json} prints. */
    record Foundation(String name, String directory, String coordinator) {}

    /** What {@code consortium steward-certificate --json} prints. */
    record StewardCertificate(String directory, Instant until) {}

    /** What {@code consortium adopt --json} prints. */
    record Adopted(Digest base) {}

    @Command(
            name = "found",
            description = {
                "Make the directory of a new consortium: authority, keys, configuration, log.",
                "Without --charter the standard charter applies; it cannot be changed later."
            },
            footer = {
                "",
                "Examples:",
                "  tapestry consortium found loom --name 'Nordic law' --dns loom.example.org",
                "  tapestry consortium found loom --charter charter.yaml --host 127.0.0.1"
            })
    int found(
            @Parameters(paramLabel = "DIR", description = "A new directory.") Path directory,
            @Option(
                            names = "--name",
                            paramLabel = "NAME",
                            description = "Of the consortium; needed without --charter.")
                    @Nullable String name,
            @Option(names = "--charter", paramLabel = "FILE", description = "The rules, in YAML.")
                    @Nullable Path charter,
            @Option(
                            names = "--host",
                            paramLabel = "ADDRESS",
                            defaultValue = "0.0.0.0",
                            description = "Address to listen on (default ${DEFAULT-VALUE}: all).")
                    String host,
            @Option(
                            names = "--port",
                            paramLabel = "PORT",
                            defaultValue = "8443",
                            description = "Port to listen on (default ${DEFAULT-VALUE}).")
                    int port,
            @Option(
                            names = "--dns",
                            paramLabel = "NAMES",
                            defaultValue = "localhost",
                            split = ",",
                            description =
                                    "Names or addresses under which nodes call; the first stands in tokens (default ${DEFAULT-VALUE}).")
                    List<String> dnsNames,
            @Option(names = "--json", description = "As one line of JSON.") boolean json) {
        Charter rules = rules(name, charter);
        Listening listening = new Listening(host, port, dnsNames);
        String coordinator = listening.address().toString();
        Coordinator.found(directory, rules, listening, InstantSource.system());
        if (json) {
            json(new Foundation(rules.name(), directory.toString(), coordinator));
        } else {
            say("founded '%s' in %s", rules.name(), directory);
            say("nodes will call %s", coordinator);
            say("next:   tapestry consortium adopt %s MODEL_DIR", directory);
        }
        return 0;
    }

    private Charter rules(@Nullable String name, @Nullable Path charter) {
        if (charter == null) {
            if (name == null) {
                throw usage("give --name, or a --charter that has one");
            }
            return Charter.standard(name);
        }
        Charter rules = StrictYaml.read(charter, Charter.class);
        if (name != null && !name.equals(rules.name())) {
            throw usage("--name is '%s', but %s says '%s'".formatted(name, charter, rules.name()));
        }
        return rules;
    }

    @Command(
            name = "adopt",
            description = {
                "Make a model the shared base. The coordinator must not be running.",
                "The model is checked first; 16-bit weights are widened to F32."
            },
            footer = {"", "Example:", "  tapestry consortium adopt loom SmolLM2-135M"})
    int adopt(
            @Parameters(paramLabel = "DIR", description = "The consortium's directory.")
                    Path directory,
            @Parameters(paramLabel = "MODEL_DIR", description = "A Llama-family directory.")
                    Path model,
            @Option(names = "--json", description = "As one line of JSON.") boolean json) {
        ModelImport.check(model);
        Digest base = Coordinator.adoptBase(directory, model, InstantSource.system());
        if (json) {
            json(new Adopted(base));
        } else {
            say("the base is %s", base);
            say("next:   tapestry coordinator start %s", directory);
        }
        return 0;
    }

    @Command(
            name = "prepare",
            description = {
                "Make the directory of a coordinator to be, to which the members can move the consortium.",
                "Its keys are made here and never leave; what it tells of itself is DIR/successor.json."
            },
            footer = {
                "",
                "Example:",
                "  tapestry consortium prepare new-loom --dns loom.other.example"
            })
    int prepare(
            @Parameters(paramLabel = "DIR", description = "A new directory.") Path directory,
            @Option(
                            names = "--host",
                            paramLabel = "ADDRESS",
                            defaultValue = "0.0.0.0",
                            description = "Address to listen on (default ${DEFAULT-VALUE}: all).")
                    String host,
            @Option(
                            names = "--port",
                            paramLabel = "PORT",
                            defaultValue = "8443",
                            description = "Port to listen on (default ${DEFAULT-VALUE}).")
                    int port,
            @Option(
                            names = "--dns",
                            paramLabel = "NAMES",
                            defaultValue = "localhost",
                            split = ",",
                            description =
                                    "Names or addresses under which nodes will call (default ${DEFAULT-VALUE}).")
                    List<String> dnsNames,
            @Option(names = "--json", description = "As one line of JSON.") boolean json) {
        Successor successor = Succession.prepare(directory, new Listening(host, port, dnsNames));
        answer(
                json,
                successor,
                "%s will be the coordinator in %s, with %s\nnext:   tapestry consortium propose-move OLD_DIR %s",
                successor.address(),
                directory,
                successor.key(),
                directory.resolve("successor.json"));
        return 0;
    }

    /** What {@code consortium propose-move --json} prints. */
    record Proposed(CoordinatorMove move, String file) {}

    @Command(
            name = "propose-move",
            description = {
                "Write what members sign to move the coordinator, from where its log ends now.",
                "The coordinator must be stopped: what it wrote later would not move."
            },
            footer = {
                "",
                "Example:",
                "  tapestry consortium propose-move loom new-loom/successor.json --out move.json"
            })
    int propose(
            @Parameters(
                            paramLabel = "DIR",
                            description = "The consortium's directory, or a copy of it.")
                    Path directory,
            @Parameters(
                            paramLabel = "SUCCESSOR",
                            description = "What the coordinator to be tells of itself.")
                    Path successor,
            @Option(
                            names = "--out",
                            paramLabel = "FILE",
                            defaultValue = "move.json",
                            description = "The proposal (default ${DEFAULT-VALUE}).")
                    Path out,
            @Option(names = "--json", description = "As one line of JSON.") boolean json) {
        CoordinatorMove move =
                Succession.propose(
                        directory,
                        CanonicalJson.read(SafeFile.readBytes(successor), Successor.class));
        SafeFile.write(out, CanonicalJson.write(move));
        answer(
                json,
                new Proposed(move, out.toString()),
                "%d entries move to %s\nnext:   each member: tapestry node agree-move NODE_DIR %s",
                move.size(),
                move.to().address(),
                out);
        return 0;
    }

    /** What {@code consortium move --json} prints. */
    record MovedTo(String directory, String address, String agreement) {}

    @Command(
            name = "move",
            description = {
                "Move the coordinator by the members' statements: more than half of them must have signed.",
                "OLD_DIR is fenced first, then copied; the move is the new log's next entry. Can be repeated if it is cut off."
            },
            footer = {
                "",
                "Example:",
                "  tapestry consortium move loom new-loom --statements a.json,b.json"
            })
    int move(
            @Parameters(
                            paramLabel = "OLD_DIR",
                            description = "The stopped consortium's directory, or a copy of it.")
                    Path old,
            @Parameters(paramLabel = "NEW_DIR", description = "What 'consortium prepare' has made.")
                    Path successor,
            @Option(
                            names = "--statements",
                            paramLabel = "FILES",
                            required = true,
                            split = ",",
                            description = "What members signed ('node agree-move').")
                    List<Path> statements,
            @Option(names = "--json", description = "As one line of JSON.") boolean json) {
        MoveAgreement agreement =
                statements.stream()
                        .map(file -> MoveAgreement.parse(SafeFile.readBytes(file)))
                        .reduce(MoveAgreement::and)
                        .orElseThrow();
        Succession.move(old, successor, agreement, InstantSource.system());
        Path whole = successor.resolve("moves").resolve(agreement.digest().hex() + ".json");
        answer(
                json,
                new MovedTo(
                        successor.toString(), agreement.move().to().address(), whole.toString()),
                "moved to %s; the members' agreement is %s\nnext:   tapestry coordinator start %s\n        tapestry consortium retire OLD_DIR %s   (where the old one may still run)",
                agreement.move().to().address(),
                whole,
                successor,
                whole);
        return 0;
    }

    @Command(
            name = "steward-certificate",
            description = {
                "Issue the steward's certificate again, for a new key: when it was lost or has ended,",
                "or for another directory. Others that were issued stay valid until they end.",
                "The coordinator may be running; while it runs it renews the certificate in its own",
                "directory by itself."
            },
            footer = {
                "",
                "Examples:",
                "  tapestry consortium steward-certificate loom",
                "  tapestry consortium steward-certificate loom --into /media/key/steward"
            })
    int stewardCertificate(
            @Parameters(paramLabel = "DIR", description = "The consortium's directory.")
                    Path directory,
            @Option(
                            names = "--into",
                            paramLabel = "FOLDER",
                            description = "Where it goes (without it: DIR/steward).")
                    @Nullable Path into,
            @Option(names = "--json", description = "As one line of JSON.") boolean json) {
        Path where = into == null ? new ConsortiumFiles(directory).steward() : into;
        Instant until = Coordinator.issueSteward(directory, where, InstantSource.system());
        answer(
                json,
                new StewardCertificate(where.toString(), until),
                "the steward's certificate in %s is valid until %s",
                where,
                until);
        return 0;
    }

    @Command(
            name = "retire",
            description = {
                "Show a coordinator, which runs, that the members have moved it: it appends nothing any more",
                "and tells nodes where it has gone."
            },
            footer = {"", "Example:", "  tapestry consortium retire loom agreement.json"})
    int retire(
            @Parameters(paramLabel = "DIR", description = "The old coordinator's directory.")
                    Path directory,
            @Parameters(paramLabel = "AGREEMENT", description = "The members' agreement.")
                    Path file,
            @Option(names = "--json", description = "As one line of JSON.") boolean json) {
        MoveAgreement agreement = MoveAgreement.parse(SafeFile.readBytes(file));
        try (StewardClient steward = StewardFiles.client(directory)) {
            Accepted accepted = steward.retire(agreement);
            answer(
                    json,
                    accepted,
                    "retired with %d entries; it has gone to %s",
                    accepted.logSize(),
                    agreement.move().to().address());
            return 0;
        }
    }

    @Command(
            name = "show",
            description = {
                "Say what the log knows: rules, members, base, rounds; and which certificates end",
                "within 30 days (the authority's within a year), with what happens by itself.",
                "Works offline."
            },
            footer = {"", "Example:", "  tapestry consortium show loom --json"})
    int show(
            @Parameters(paramLabel = "DIR", description = "The consortium's directory.")
                    Path directory,
            @Option(names = "--json", description = "As one line of JSON.") boolean json) {
        List<ConsortiumEvent> events = new ConsortiumFiles(directory).events();
        ConsortiumFacts facts =
                ConsortiumFacts.of(
                        events,
                        Coordinator.endings(
                                directory, Consortium.replay(events), InstantSource.system()));
        answer(json, facts, "%s", facts.text());
        return 0;
    }
}
