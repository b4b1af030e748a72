package dev.tapestry.app.command;

import dev.tapestry.app.evaluation.EvaluationReport;
import dev.tapestry.app.evaluation.EvaluationText;
import dev.tapestry.consortium.LeftOutWhenEmpty;
import dev.tapestry.node.Compute;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.StopSignal;
import dev.tapestry.node.access.TrainedText;
import dev.tapestry.node.evaluation.EvaluationResult;
import dev.tapestry.node.evaluation.EvaluationRun;
import dev.tapestry.node.evaluation.Evidence;
import dev.tapestry.node.evaluation.ResultBook;
import dev.tapestry.node.evaluation.ResultFile;
import dev.tapestry.node.evaluation.Suite;
import dev.tapestry.node.evaluation.SuiteGate;
import dev.tapestry.node.evaluation.SuiteGates;
import dev.tapestry.node.evaluation.SuiteResult;
import dev.tapestry.training.Precision;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.signature.SigningKey;
import dev.tapestry.weights.Drafts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.IExitCodeGenerator;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tapestry model evaluate}: suites of tasks, with gates, evidence and a report. */
@Command(
        name = "evaluate",
        description = {
            "Give suites of tasks to a model: questions, instructions, refusals, memory, values.",
            "A suite is a directory with suite.yaml, or one that comes with this program:"
                    + " cultural-map. Nothing leaves this machine. Ends with 1 where a gate is broken."
        },
        footer = {
            "",
            "Examples:",
            "  tapestry model evaluate my-model --suite suites/council --json council.json",
            "  tapestry model evaluate my-model --suite suites/council --suite cultural-map"
                    + " --against base --report report.html",
            "  tapestry model evaluate my-model --suite suites/council --against council.json"
                    + " --gates gates.yaml",
            "  tapestry model evaluate my-model --suite suites/council --sign"
                    + " my-node/identity/signing-key.pem --evidence council.dsse.json",
            "docs/guide/model-builder.md says how suites and gates are written."
        })
final class EvaluateCommand extends CommandGroup implements IExitCodeGenerator {

    private static final Precision PRECISION = Precision.FP32;

    @Parameters(paramLabel = "MODEL", description = "A model directory with tokenizer.json.")
    private Path model = Path.of("");

    @Option(
            names = "--suite",
            paramLabel = "DIR_OR_NAME",
            required = true,
            description = "A suite; several may be given.")
    private List<String> suites = List.of();

    @Option(
            names = "--against",
            paramLabel = "FILE_OR_MODEL",
            description =
                    "Compare with another model, measured now, or with what --json wrote of one.")
    private @Nullable Path against;

    @Option(
            names = "--gates",
            paramLabel = "FILE",
            description = "What numbers must come to: gates.yaml.")
    private @Nullable Path gates;

    @Option(
            names = "--training-text",
            paramLabel = "PATH",
            description =
                    "Text that the model was trained on, a token shard or a corpus with its card,"
                            + " for tasks that ask what it remembers.")
    private @Nullable Path trainingText;

    @Option(
            names = "--sign",
            paramLabel = "KEY",
            description = "Sign the result with this key, such as a node's signing-key.pem.")
    private @Nullable Path key;

    @Option(
            names = "--evidence",
            paramLabel = "FILE",
            description = "Where the signed result is written; see 'verify evaluation'.")
    private @Nullable Path evidence;

    @Option(names = "--report", paramLabel = "FILE", description = "Write a page for people.")
    private @Nullable Path report;

    @Option(names = "--json", paramLabel = "FILE", description = "Write the result as JSON.")
    private @Nullable Path json;

    @Option(
            names = "--seed",
            paramLabel = "S",
            defaultValue = "1",
            description = "Of what tasks draw (default ${DEFAULT-VALUE}).")
    private long seed;

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "Of scoring (default: all processors).")
    private int threads = Runtime.getRuntime().availableProcessors();

    private int code;

    /**
     * What {@code --json} writes, and {@code --against} reads.
     *
     * @param result of the model
     * @param against of what it was compared with
     * @param gatesPassed whether none was broken
     * @param gates that it was held against
     */
    record Evaluated(
            EvaluationResult result,
            @LeftOutWhenEmpty Optional<EvaluationResult> against,
            boolean gatesPassed,
            List<SuiteGate.Outcome> gates) {}

    @Override
    public void run() {
        if ((key == null) != (evidence == null)) {
            throw usage("--sign and --evidence belong together");
        }
        // Whatever is wrong with these is said before the model is asked.
        List<Suite> opened = suites.stream().map(Suite::open).toList();
        List<SuiteGate> asked = gates == null ? List.of() : SuiteGates.read(gates).gates();
        Optional<SigningKey> signing = Optional.ofNullable(key).map(SigningKey::load);
        Optional<EvaluationResult> known =
                Optional.ofNullable(against)
                        .filter(path -> !Files.isDirectory(path))
                        .map(EvaluateCommand::read);
        requireComparable(opened, known);
        StopSignal stop = new StopSignal();
        try (Signals signals = Signals.during(stop::request)) {
            try {
                evaluate(opened, asked, signing, known, stop);
            } catch (NodeException e) {
                if (e.code() != Code.STOPPED || !signals.came()) {
                    throw e;
                }
                err().println("stopped; nothing was written");
                code = signals.exitCode();
            }
        }
    }

    private static void requireComparable(List<Suite> opened, Optional<EvaluationResult> known) {
        Map<String, Suite> named = new HashMap<>();
        for (Suite suite : opened) {
            Suite other = named.put(suite.name(), suite);
            if (other != null) {
                throw new CommandException(
                        "two suites have one name: %s and %s; rename one".formatted(other, suite));
            }
        }
        known.ifPresent(result -> requireMeasuredAlike(result, named));
    }

    private static void requireMeasuredAlike(EvaluationResult result, Map<String, Suite> named) {
        requireSame("runner", result.runner(), EvaluationResult.RUNNER);
        requireSame("precision", result.precision().name(), PRECISION.name());
        for (SuiteResult suite : result.suites()) {
            Suite now = named.get(suite.suite());
            if (now != null) {
                requireSame(
                        "suite " + now.name(), suite.digest().toString(), now.digest().toString());
            }
        }
    }

    private static void requireSame(String what, String there, String here) {
        if (!there.equals(here)) {
            throw new CommandException(
                    "what --against names is of another %s: %s, not %s; name the model's directory to measure it now"
                            .formatted(what, there, here));
        }
    }

    private static EvaluationResult read(Path file) {
        return CanonicalJson.read(ResultFile.read(file), Evaluated.class).result();
    }

    private void evaluate(
            List<Suite> opened,
            List<SuiteGate> asked,
            Optional<SigningKey> signing,
            Optional<EvaluationResult> known,
            StopSignal stop) {
        EvaluationRun run =
                new EvaluationRun(
                        Compute.of(threads, PRECISION),
                        new NodeLines(err()),
                        stop,
                        InstantSource.system());
        EvaluationResult result = measured(run, model, opened);
        Path other = against;
        Optional<EvaluationResult> base =
                known.or(() ->
                        Optional.ofNullable(other)
                                .map(directory -> measured(run, directory, opened)));
        List<SuiteGate.Outcome> outcomes =
                asked.stream().map(gate -> gate.judge(result, base)).toList();
        boolean passed = outcomes.stream().allMatch(SuiteGate.Outcome::passed);
        tell(result, base, outcomes);
        write(result, base, outcomes, passed, signing);
        code = (passed ? ExitCode.DONE : ExitCode.REFUSED).number();
    }

    private EvaluationResult measured(EvaluationRun run, Path directory, List<Suite> opened) {
        if (trainingText == null) {
            return run.of(directory, opened, seed, Optional.empty(), ResultBook.NONE);
        }
        try {
            Path packs = Files.createTempDirectory("tapestry-evaluate");
            try (TrainedText text = TrainedText.open(trainingText, directory, packs)) {
                return run.of(
                        directory,
                        opened,
                        seed,
                        Optional.of(new EvaluationRun.Trained(text.tokens(), text.digest())),
                        ResultBook.NONE);
            } finally {
                Drafts.delete(packs);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void tell(
            EvaluationResult result,
            Optional<EvaluationResult> base,
            List<SuiteGate.Outcome> outcomes) {
        say("%s", EvaluationText.table(result, base).stripTrailing());
        EvaluationText.skipped(result).forEach(line -> say("not done: %s", line));
        EvaluationText.gates(outcomes).forEach(line -> say("%s", line));
    }

    private void write(
            EvaluationResult result,
            Optional<EvaluationResult> base,
            List<SuiteGate.Outcome> outcomes,
            boolean passed,
            Optional<SigningKey> signing) {
        if (json != null) {
            SafeFile.write(
                    json, CanonicalJson.write(new Evaluated(result, base, passed, outcomes)));
        }
        if (report != null) {
            SafeFile.write(
                    report,
                    EvaluationReport.html(
                            model.toAbsolutePath().normalize().getFileName().toString(),
                            result,
                            base,
                            outcomes));
        }
        if (evidence != null) {
            SafeFile.write(evidence, Evidence.sign(result, signing.orElseThrow()).bytes());
        }
    }

    @Override
    public int getExitCode() {
        return code;
    }
}
