package dev.tapestry.app.command;

import dev.tapestry.node.NodeEvent.Receipt;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.StopSignal;
import dev.tapestry.node.access.MemberPrompts;
import dev.tapestry.node.constitution.Guard;
import dev.tapestry.node.egress.JudgeGate;
import dev.tapestry.node.egress.ReceiptBook;
import dev.tapestry.node.preferences.EndpointJudge;
import dev.tapestry.node.preferences.Judge;
import dev.tapestry.node.preferences.ModelAnswers;
import dev.tapestry.node.preferences.PreferenceMaking;
import dev.tapestry.node.preferences.PreferenceMaking.Made;
import dev.tapestry.node.preferences.Review;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.json.CanonicalJson;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tapestry preferences …}: from a constitution to pairs of answers. */
@Command(
        name = "preferences",
        description = "Make pairs of answers by a constitution, and review them.",
        footer = {"", "Example:", "  tapestry preferences review pairs.jsonl"})
final class PreferencesCommands extends CommandGroup {

    /** Where a judge is, if there is one. */
    static final class JudgeOptions {

        @Option(
                names = "--judge",
                paramLabel = "URL",
                description =
                        "An OpenAI-compatible endpoint of your own, https://…/v1/chat/completions,"
                                + " that ranks by the principles. Without it rules rank alone and"
                                + " nothing leaves this machine.")
        private @Nullable URI judge;

        @Option(
                names = "--judge-model",
                paramLabel = "NAME",
                defaultValue = "judge",
                description = "The model to be asked there (default ${DEFAULT-VALUE}).")
        private String model = "judge";

        @Option(
                names = "--judge-key-file",
                paramLabel = "FILE",
                description = "Its key, in a file that only you can read.")
        private @Nullable Path key;

        @Option(
                names = "--judge-authority",
                paramLabel = "FILE",
                description = "Certificates in PEM that it is known by, if not by the system's.")
        private @Nullable Path authority;

        Optional<JudgeGate> gate(Path pairs) {
            if (judge == null) {
                return Optional.empty();
            }
            Path receipts =
                    pairs.toAbsolutePath().resolveSibling(pairs.getFileName() + ".receipts");
            prove(receipts);
            return Optional.of(
                    JudgeGate.to(
                            judge,
                            Optional.ofNullable(key).map(file -> SafeFile.readSecret(file).strip()),
                            Optional.ofNullable(authority),
                            new ReceiptBook(
                                    written -> append(receipts, written), InstantSource.system())));
        }

        /** Nothing is sent of which no receipt could be written. */
        private static void prove(Path file) {
            try {
                Files.createDirectories(file.getParent());
            } catch (IOException e) {
                throw new NodeException(
                        Code.STORAGE, "cannot create " + file.getParent() + ": " + e, e);
            }
            append(file, List.of());
        }

        private static void append(Path file, List<Receipt> written) {
            StringBuilder lines = new StringBuilder();
            for (Receipt receipt : written) {
                lines.append(new String(CanonicalJson.write(receipt), StandardCharsets.UTF_8))
                        .append('\n');
            }
            try {
                Files.writeString(
                        file, lines, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
            } catch (IOException e) {
                throw new NodeException(Code.STORAGE, "cannot write " + file + ": " + e, e);
            }
        }
    }

    @Command(
            name = "make",
            description = {
                "Have a model answer prompts several times, rank the answers by a constitution,"
                        + " and",
                "write the best beside the worst, each pair to be reviewed. Where a prompt is"
                        + " refused,",
                "the constitution's own words are the better side."
            },
            footer = {
                "",
                "Examples:",
                "  tapestry preferences make --constitution constitution.yaml --model sovereign/own"
                        + " --prompts prompts.jsonl --out pairs/pairs.jsonl",
                "  tapestry preferences make --constitution constitution.yaml --model sovereign/own"
                        + " --prompts prompts.jsonl --out pairs.jsonl --judge"
                        + " https://judge.example.org/v1/chat/completions --judge-key-file key"
            })
    int make(
            @Option(
                            names = "--constitution",
                            paramLabel = "FILE",
                            required = true,
                            description = "constitution.yaml.")
                    Path constitution,
            @Option(
                            names = "--model",
                            paramLabel = "DIR",
                            required = true,
                            description = "A model that was tuned on conversations.")
                    Path model,
            @Option(
                            names = "--prompts",
                            paramLabel = "FILE",
                            required = true,
                            description = "Lines of JSON with a prompt each.")
                    Path prompts,
            @Option(
                            names = "--out",
                            paramLabel = "FILE",
                            required = true,
                            description = "The pairs, a new file.")
                    Path target,
            @Option(
                            names = "--samples",
                            paramLabel = "N",
                            defaultValue = "4",
                            description = "Answers to each prompt (default ${DEFAULT-VALUE}).")
                    int samples,
            @Option(
                            names = "--tokens",
                            paramLabel = "N",
                            defaultValue = "200",
                            description = "Of an answer, at most (default ${DEFAULT-VALUE}).")
                    int tokens,
            @Option(
                            names = "--temperature",
                            paramLabel = "T",
                            defaultValue = "0.8",
                            description = "Of the choice of tokens (default ${DEFAULT-VALUE}).")
                    double temperature,
            @Option(
                            names = "--seed",
                            paramLabel = "S",
                            defaultValue = "1",
                            description = "Of what is drawn (default ${DEFAULT-VALUE}).")
                    long seed,
            @Mixin JudgeOptions judging,
            @Option(names = "--json", description = "As one line of JSON.") boolean json) {
        if (Files.exists(target)) {
            throw new CommandException(
                    target + " is there; its reviews would be lost: name another file");
        }
        Guard guard = Guard.read(constitution);
        MemberPrompts.Prompts questions = MemberPrompts.read(prompts);
        Optional<JudgeGate> gate = judging.gate(target);
        StopSignal stop = new StopSignal();
        try (Signals _ = Signals.during(stop::request);
                ModelAnswers answers =
                        ModelAnswers.of(model, plan(samples, tokens, temperature, seed))) {
            Judge judge =
                    gate.<Judge>map(way ->
                                    new EndpointJudge(way, judging.model, guard.constitution()))
                            .orElse(Judge.nobody());
            Made made =
                    new PreferenceMaking(guard, answers, judge, stop)
                            .run(questions.prompts(), target);
            answer(
                    json,
                    made,
                    "%d pairs of %d prompts in %s, %d with the constitution's own words; %d prompts"
                            + " had equal answers, %d none. Review them: tapestry preferences review"
                            + " %s",
                    made.pairs(),
                    made.prompts(),
                    target,
                    made.refusals(),
                    made.equal(),
                    made.unanswered(),
                    target);
            return ExitCode.DONE.number();
        } finally {
            gate.ifPresent(JudgeGate::close);
        }
    }

    private ModelAnswers.Plan plan(int samples, int tokens, double temperature, long seed) {
        try {
            return new ModelAnswers.Plan(samples, tokens, temperature, seed);
        } catch (IllegalArgumentException e) {
            throw usage(String.valueOf(e.getMessage()));
        }
    }

    @Command(
            name = "review",
            description = {
                "Look at pairs one after the other: accept, edit the better answer, reject, or"
                        + " skip.",
                "Each decision is saved at once; the same command goes on where it ended. Builds"
                        + " learn",
                "from accepted and edited pairs only."
            },
            footer = {
                "",
                "Examples:",
                "  tapestry preferences review pairs.jsonl",
                "  tapestry preferences review pairs.jsonl --accept-all --json"
            })
    int review(
            @Parameters(paramLabel = "FILE", description = "What 'preferences make' wrote.")
                    Path file,
            @Option(
                            names = "--accept-all",
                            description = "Accept whatever waits, without looking; for scripts.")
                    boolean acceptAll,
            @Option(names = "--json", description = "How far it is, as one line of JSON.")
                    boolean json) {
        Review review = Review.open(file);
        if (acceptAll) {
            review.acceptAll();
        } else if (!json) {
            ask(review);
        }
        Review.Progress progress = review.progress();
        answer(
                json,
                progress,
                "%d pairs: %d accepted, %d edited, %d rejected, %d wait",
                progress.pairs(),
                progress.accepted(),
                progress.edited(),
                progress.rejected(),
                progress.pending());
        return ExitCode.DONE.number();
    }

    private void ask(Review review) {
        BufferedReader in =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        try {
            int from = 0;
            while (review.next(from).isPresent()) {
                int index = review.next(from).getAsInt();
                new ReviewScreen(out()).show(review.line(index), index + 1, review.progress());
                String word = in.readLine();
                switch (word == null ? "q" : word.strip()) {
                    case "a" -> review.accept(index);
                    case "r" -> review.reject(index);
                    case "s" -> from = index + 1;
                    case "q" -> {
                        return;
                    }
                    case "e" -> {
                        say("The better answer, and a line with only a dot:");
                        edit(review, index, in);
                    }
                    default -> say("a, e, r, s or q");
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read standard input", e);
        }
    }

    private void edit(Review review, int index, BufferedReader in) throws IOException {
        StringBuilder text = new StringBuilder();
        for (String line = in.readLine(); !".".equals(line); line = in.readLine()) {
            if (line == null) {
                say("not taken: the input ended before a line with only a dot");
                return;
            }
            text.append(text.isEmpty() ? "" : "\n").append(line);
        }
        try {
            review.edit(index, text.toString());
        } catch (NodeException e) {
            if (e.code() != Code.CONFIG_INVALID) {
                throw e;
            }
            say("not taken: %s", e.getMessage());
        }
    }
}
