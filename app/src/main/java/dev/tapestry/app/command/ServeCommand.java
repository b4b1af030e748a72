package dev.tapestry.app.command;

import dev.tapestry.node.serving.Gateway;
import dev.tapestry.node.serving.Listening;
import dev.tapestry.node.serving.Serving;
import dev.tapestry.node.serving.ServingPlan;
import dev.tapestry.training.EnginePlan;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.signature.VerifyingKey;
import java.net.URI;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code tapestry serve}. */
@Command(
        name = "serve",
        description = {
            "Answer people and programs with a model: OpenAI's API at /v1, a page to talk to it at"
                    + " /.",
            "The constitution holds for what is asked and for what is said; the review board can"
                    + " pause the model at any moment. An interrupt or termination ends answers under"
                    + " way and closes it within seconds."
        },
        footer = {
            "",
            "Examples:",
            "  tapestry serve my-node/sovereign/council --base base --constitution"
                    + " constitution.yaml",
            "  tapestry serve --gateway http://127.0.0.1:8000 --gateway-model council"
                    + " --constitution constitution.yaml --audit answers.jsonl"
        })
final class ServeCommand implements Callable<Integer> {

    @Spec private @Nullable CommandSpec spec;

    @Parameters(
            paramLabel = "MODEL",
            arity = "0..1",
            description = "A model directory with its tokenizer.")
    private @Nullable Path model;

    @Option(
            names = "--name",
            paramLabel = "NAME",
            description = "Of the model in requests; default: its directory's.")
    private @Nullable String name;

    @Option(
            names = "--host",
            paramLabel = "HOST",
            defaultValue = "127.0.0.1",
            description =
                    "Address to listen at (default ${DEFAULT-VALUE}: this machine alone). Others"
                            + " need --key-file; put TLS in front.")
    private String host = "127.0.0.1";

    @Option(
            names = "--port",
            paramLabel = "PORT",
            defaultValue = "8089",
            description = "Port to listen at; 0: any (default ${DEFAULT-VALUE}).")
    private int port;

    @Option(
            names = "--key-file",
            paramLabel = "FILE",
            description = "Its first line is the key that requests must show.")
    private @Nullable Path keyFile;

    @Option(
            names = "--base",
            paramLabel = "DIR",
            description = "A model to compare with; it answers as 'base'.")
    private @Nullable Path base;

    @Option(
            names = "--constitution",
            paramLabel = "FILE",
            description = "The rules of the community.")
    private @Nullable Path constitution;

    @Option(
            names = "--board",
            paramLabel = "DIR",
            description = "Where the review board's decisions lie.")
    private @Nullable Path board;

    @Option(
            names = "--board-key",
            paramLabel = "KEY",
            description =
                    "The board's public key: decisions that it did not sign count for nothing.")
    private @Nullable String boardKey;

    @Option(
            names = "--gateway",
            paramLabel = "URL",
            description = "Your own server with OpenAI's API, instead of MODEL.")
    private @Nullable URI gateway;

    @Option(names = "--gateway-model", paramLabel = "NAME", description = "The model's name there.")
    private @Nullable String gatewayModel;

    @Option(
            names = "--gateway-key-file",
            paramLabel = "FILE",
            description = "Its first line is the key that this server asks for.")
    private @Nullable Path gatewayKeyFile;

    @Option(
            names = "--audit",
            paramLabel = "FILE",
            description = "Keep a record of answers: no content, but rules, sizes and times.")
    private @Nullable Path audit;

    @Option(names = "--audit-content", description = "Keep prompts and answers in it as well.")
    private boolean auditContent;

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "Of the engine; default: all processors.")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(
            names = "--sequences",
            paramLabel = "N",
            defaultValue = "16",
            description = "Answers under way at once (default ${DEFAULT-VALUE}).")
    private int sequences;

    @Option(
            names = "--context",
            paramLabel = "N",
            defaultValue = "4096",
            description =
                    "Tokens of a question and its answer, where the model has as many (default"
                            + " ${DEFAULT-VALUE}).")
    private int context;

    @Override
    public Integer call() {
        ServingPlan plan = plan();
        CompletableFuture<Boolean> stopped = new CompletableFuture<>();
        try (Signals signals = Signals.during(() -> stopped.complete(true));
                Serving serving = Serving.assemble(plan, InstantSource.system())) {
            if (!stopped.isDone()) {
                serving.start();
                say("model", plan.name());
                say("constitution", plan.constitution().map(Path::toString).orElse("none"));
                say("record", plan.audit().map(Path::toString).orElse("none"));
                say(
                        "board",
                        plan.board()
                                .map(at -> board(at, plan.boardKey(), serving.paused()))
                                .orElse("none"));
                say(
                        "to pause it",
                        plan.board()
                                .map(at -> "tapestry board pause " + at)
                                .orElse("name a directory for its board, --board DIR"));
                say("serving at", plan.listening().url(serving.port()));
                stopped.join();
                say("closing", plan.name());
            }
            return signals.exitCode();
        }
    }

    private static String board(
            Path directory, Optional<VerifyingKey> key, Optional<String> paused) {
        return "%s, %s; %s"
                .formatted(
                        directory,
                        key.map(signer -> "signed by " + signer).orElse("unsigned"),
                        paused.map(words -> "paused: " + words).orElse("answering"));
    }

    private void say(String words, Object value) {
        line().getOut().println(words + ": " + value);
        line().getOut().flush();
    }

    private CommandLine line() {
        if (spec == null) {
            throw new IllegalStateException("not run by the command line");
        }
        return spec.commandLine();
    }

    private ServingPlan plan() {
        if ((model == null) == (gateway == null)) {
            throw new ParameterException(line(), "name either MODEL or --gateway");
        }
        if ((gateway == null) != (gatewayModel == null)) {
            throw new ParameterException(line(), "--gateway and --gateway-model go together");
        }
        return new ServingPlan(
                servedName(),
                Optional.ofNullable(model),
                Optional.ofNullable(gateway).map(this::behind),
                Optional.ofNullable(base),
                Optional.ofNullable(constitution),
                Optional.ofNullable(board),
                Optional.ofNullable(boardKey).map(VerifyingKey::new),
                Optional.ofNullable(audit),
                auditContent,
                Listening.at(host, port, secret(keyFile)),
                new EnginePlan(sequences, 4 * sequences, context, 128, threads));
    }

    private String servedName() {
        if (name != null) {
            return name;
        }
        if (model == null) {
            return gatewayModel == null ? "model" : gatewayModel;
        }
        Path last = model.toAbsolutePath().normalize().getFileName();
        return last == null ? "model" : last.toString();
    }

    private Gateway behind(URI address) {
        return new Gateway(
                address, gatewayModel == null ? "" : gatewayModel, secret(gatewayKeyFile));
    }

    private static Optional<String> secret(@Nullable Path file) {
        return Optional.ofNullable(file)
                .map(SafeFile::readSecret)
                .map(text ->
                        text.lines()
                                .findFirst()
                                .map(String::strip)
                                .filter(line -> !line.isEmpty())
                                .orElseThrow(() ->
                                        new CommandException(
                                                file + " is empty: its first line is the key")));
    }
}
