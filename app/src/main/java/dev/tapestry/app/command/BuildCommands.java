package dev.tapestry.app.command;

import dev.tapestry.aggregation.TaskConflict;
import dev.tapestry.app.build.BuildReport;
import dev.tapestry.app.build.MergeReport;
import dev.tapestry.app.build.RebaseReport;
import dev.tapestry.app.build.WithdrawalReport;
import dev.tapestry.app.evaluation.EvaluationText;
import dev.tapestry.app.example.ExampleTexts;
import dev.tapestry.consortium.Digest;
import dev.tapestry.node.Compute;
import dev.tapestry.node.NodeConfig;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.NodeHome;
import dev.tapestry.node.StopSignal;
import dev.tapestry.node.build.BuildPlan;
import dev.tapestry.node.build.BuildPreview;
import dev.tapestry.node.build.BuildResult;
import dev.tapestry.node.build.BuildRun;
import dev.tapestry.node.build.Lineage;
import dev.tapestry.node.build.MergePlan;
import dev.tapestry.node.build.MergeResult;
import dev.tapestry.node.build.Merging;
import dev.tapestry.node.build.ModelRegistry;
import dev.tapestry.node.build.Rebase;
import dev.tapestry.node.build.RebasePlan;
import dev.tapestry.node.build.RebaseResult;
import dev.tapestry.node.build.StageEstimate;
import dev.tapestry.node.build.Withdrawal;
import dev.tapestry.node.build.WithdrawalResult;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.json.CanonicalJson;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.ToIntFunction;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.TypeConversionException;

/** {@code tapestry build …}: a member's own models, by plan. */
@Command(
        name = "build",
        description =
                "Make a model of one's own by a plan: data, pre-training, instructions, alignment.")
final class BuildCommands extends CommandGroup {

    /**
     * What a script reads of a build.
     *
     * @param stages that were done
     * @param gatesPassed whether none was broken
     * @param gainPercent by which the loss on the own text is lower than the base's
     * @param retentionLossPercent by which that on the retained text is higher
     * @param models the directory of the model, if there is one
     */
    record Summary(
            List<BuildResult.Done> stages,
            boolean gatesPassed,
            double gainPercent,
            Optional<Double> retentionLossPercent,
            List<String> models) {

        static Summary of(BuildResult result) {
            return new Summary(
                    result.stages(),
                    result.stopped().isEmpty(),
                    result.gainPercent(),
                    result.retentionLossPercent(),
                    result.model().map(Path::toString).stream().toList());
        }
    }

    /**
     * What a script reads of a model that was moved.
     *
     * @param gatePassed whether something passed
     * @param losses of the base, the model and the newer base
     * @param tried in order
     * @param conflicts by tensor, between what the model and what the newer base has learnt
     * @param models the directory of the model, if it was moved
     */
    record Moved(
            boolean gatePassed,
            List<BuildResult.Loss> losses,
            List<RebaseResult.Trial> tried,
            List<TaskConflict> conflicts,
            List<String> models) {

        static Moved of(RebaseResult result) {
            return new Moved(
                    result.accepted().isPresent(),
                    List.of(result.base(), result.derivative(), result.newer()),
                    result.tried(),
                    result.conflicts(),
                    result.model().map(Path::toString).stream().toList());
        }
    }

    /**
     * What a script reads of models that were merged.
     *
     * @param gatePassed whether a way passed
     * @param base digest of the base
     * @param parts the models that went in, with their losses
     * @param tried in order
     * @param models the directory of the new model, if there is one
     */
    record Merged(
            boolean gatePassed,
            Digest base,
            List<MergeResult.Part> parts,
            List<MergeResult.Trial> tried,
            List<String> models) {

        static Merged of(MergeResult result) {
            return new Merged(
                    result.accepted().isPresent(),
                    result.base(),
                    result.parts(),
                    result.tried(),
                    result.model().map(Path::toString).stream().toList());
        }
    }

    @Command(
            name = "run",
            description = {
                "Build what a plan asks for; a build that was stopped goes on.",
                "Nothing leaves this machine. The model lies in sovereign/NAME beside the plan, or"
                        + " in the node that --node names."
            },
            footer = {
                "",
                "Examples:",
                "  tapestry build run build.yaml --dry-run",
                "  tapestry build run build.yaml",
                "  tapestry build run build.yaml --node my-node --json result.json"
            })
    int run(
            @Parameters(paramLabel = "PLAN", description = "build.yaml.") Path plan,
            @Option(
                            names = "--dry-run",
                            description =
                                    "Say what each stage would take: tokens, memory, time. Prepares"
                                            + " the plan's texts, and makes no model.")
                    boolean dryRun,
            @Mixin Where where) {
        return stoppable(stop -> {
            if (dryRun) {
                BuildPreview preview = build(where, plan, stop).preview(plan);
                where.write(preview);
                tell(preview);
                return ExitCode.DONE.number();
            }
            BuildResult result = build(where, plan, stop).run(plan);
            where.write(Summary.of(result));
            tell(result);
            say("Report: %s", where.report(plan, name -> BuildReport.html(name, result)));
            return (result.stopped().isEmpty() ? ExitCode.DONE : ExitCode.REFUSED).number();
        });
    }

    @Command(
            name = "rebase",
            description = {
                "Move the model that a plan made to a newer base, without starting over.",
                "Tries what the model has learnt, times each scale, on top of the newer base; then"
                        + " some training; then the plan again. The first that passes the gate takes"
                        + " the model's name; otherwise the model stays as it is."
            },
            footer = {
                "",
                "Examples:",
                "  tapestry build rebase build.yaml --onto base-12",
                "  tapestry build rebase build.yaml --onto base-12 --scales 0.5,1 --heal 0.1"
                        + " --no-again"
            })
    int rebase(
            @Parameters(paramLabel = "PLAN", description = "build.yaml.") Path plan,
            @Option(
                            names = "--onto",
                            paramLabel = "MODEL_DIR",
                            required = true,
                            description = "The newer base.")
                    Path onto,
            @Option(
                            names = "--scales",
                            paramLabel = "LAMBDA",
                            split = ",",
                            defaultValue = "0.3,0.5,0.7,1",
                            description = "That are tried (default ${DEFAULT-VALUE}).")
                    List<Double> scales,
            @Option(
                            names = "--keep",
                            paramLabel = "PERCENT",
                            defaultValue = "95",
                            description =
                                    "Of the gain on the own text that must be kept (default"
                                            + " ${DEFAULT-VALUE}).")
                    double keep,
            @Option(
                            names = "--regression",
                            paramLabel = "PERCENT",
                            defaultValue = "1",
                            description =
                                    "By which the loss on the retained text may be above the newer"
                                            + " base's (default ${DEFAULT-VALUE}).")
                    double regression,
            @Option(
                            names = "--heal",
                            paramLabel = "SHARE",
                            defaultValue = "0.2",
                            description =
                                    "Of the plan's tokens to train on where no scale passes; 0 for"
                                            + " none (default ${DEFAULT-VALUE}).")
                    double heal,
            @Option(
                            names = "--no-again",
                            description = "Do not do the whole plan again where nothing passes.")
                    boolean notAgain,
            @Option(
                            names = "--with-children",
                            description =
                                    "Then move the models that were built of it onto it, and theirs.")
                    boolean withChildren,
            @Mixin Where where) {
        RebasePlan how = rebasePlan(scales, keep, regression, heal, !notAgain);
        return stoppable(stop -> {
            Rebase rebase = rebase(where, plan, stop);
            RebaseResult result = rebase.run(plan, onto, how);
            where.write(Moved.of(result));
            say("%-40s %-12s %s", "", "own text", "retained");
            line("base", result.base());
            line("model", result.derivative());
            line("newer base", result.newer());
            result.tried().forEach(trial -> say("%s", trial.words()));
            say(
                    "%s",
                    result.model()
                            .map(model ->
                                    "moved, by %s; in %s"
                                            .formatted(
                                                    result.accepted().orElseThrow().way(), model))
                            .orElse("Nothing passed the gate; the model stays as it is."));
            say("Report: %s", where.report(plan, name -> RebaseReport.html(name, result)));
            if (result.model().isPresent()) {
                children(rebase, result, withChildren, how);
            }
            return (result.model().isPresent() ? ExitCode.DONE : ExitCode.REFUSED).number();
        });
    }

    /** Moves the children after their parent, or says that they are there. */
    private void children(
            Rebase rebase, RebaseResult result, boolean withChildren, RebasePlan how) {
        List<String> merged = rebase.merged(result);
        if (!merged.isEmpty()) {
            say("Merged onto it: %s. They are not moved; merge again.", String.join(", ", merged));
        }
        if (!withChildren) {
            List<String> names = rebase.children(result);
            if (!names.isEmpty()) {
                say(
                        "Built of it: %s. With --with-children they are moved too; they stay what they are otherwise.",
                        String.join(", ", names));
            }
            return;
        }
        rebase.moveChildren(result, how)
                .forEach((name, moved) ->
                        say(
                                "%s %s",
                                name,
                                moved.accepted()
                                        .map(trial -> "moved, by " + trial.words())
                                        .orElse("stays as it is: nothing passed the gate")));
    }

    private RebasePlan rebasePlan(
            List<Double> scales, double keep, double regression, double heal, boolean again) {
        try {
            return new RebasePlan(scales, keep, regression, heal, again);
        } catch (IllegalArgumentException e) {
            throw usage(String.valueOf(e.getMessage()));
        }
    }

    @Command(
            name = "merge",
            description = {
                "Make one model of several that were built of one base.",
                "Tries each scale (and density) without training. The one that keeps most of every"
                        + " model's gain takes the name, if it passes the gate; each model is measured on"
                        + " the texts of its own plan."
            },
            footer = {
                "",
                "Examples:",
                "  tapestry build merge law-and-health --of law --of health",
                "  tapestry build merge law-and-health --of law --of health --rule task-arithmetic"
                        + " --weights 1,0.5 --keep 80 --node my-node"
            })
    int merge(
            @Parameters(paramLabel = "NAME", description = "Of the new model.") String name,
            @Option(
                            names = "--of",
                            paramLabel = "MODEL",
                            required = true,
                            description = "A model's name; twice or more.")
                    List<String> of,
            @Option(
                            names = "--rule",
                            paramLabel = "RULE",
                            defaultValue = "ties",
                            converter = RuleWord.class,
                            description =
                                    "ties, dare, mean or task-arithmetic (default ${DEFAULT-VALUE}).")
                    MergePlan.Rule rule,
            @Option(
                            names = "--weights",
                            paramLabel = "W",
                            split = ",",
                            description =
                                    "What each model's change is multiplied by first (default: 1 each).")
                    @Nullable List<Double> weights,
            @Option(
                            names = "--scales",
                            paramLabel = "LAMBDA",
                            split = ",",
                            defaultValue = "0.5,1,1.5,2",
                            description =
                                    "That are tried: of the mean of the changes, of their sum in task arithmetic (default ${DEFAULT-VALUE}).")
                    List<Double> scales,
            @Option(
                            names = "--densities",
                            paramLabel = "SHARE",
                            split = ",",
                            defaultValue = "0.2,0.5,1",
                            description =
                                    "Of each change that stays, for ties and dare (default ${DEFAULT-VALUE}).")
                    List<Double> densities,
            @Option(
                            names = "--keep",
                            paramLabel = "PERCENT",
                            defaultValue = "95",
                            description =
                                    "Of each model's gain that must be kept (default ${DEFAULT-VALUE}).")
                    double keep,
            @Option(
                            names = "--regression",
                            paramLabel = "PERCENT",
                            defaultValue = "1",
                            description =
                                    "By which the loss on the retained text may be above the base's (default ${DEFAULT-VALUE}).")
                    double regression,
            @Option(
                            names = "--seed",
                            paramLabel = "S",
                            defaultValue = "1",
                            description = "Of what dare drops (default ${DEFAULT-VALUE}).")
                    long seed,
            @Mixin Where where) {
        MergePlan plan;
        try {
            plan =
                    new MergePlan(
                            name,
                            of,
                            rule,
                            weights == null ? Collections.nCopies(of.size(), 1.0) : weights,
                            scales,
                            densities,
                            seed,
                            keep,
                            regression);
        } catch (IllegalArgumentException e) {
            throw usage(String.valueOf(e.getMessage()));
        }
        return stoppable(stop -> {
            NodeHome home = where.home();
            MergeResult result =
                    new Merging(
                                    home,
                                    new ExampleTexts(),
                                    where.compute(home),
                                    new NodeLines(err()),
                                    stop,
                                    InstantSource.system())
                            .run(plan);
            where.write(Merged.of(result));
            result.tried().forEach(trial -> say("%s", trial.words()));
            say(
                    "%s",
                    result.model()
                            .map(model ->
                                    "merged, by %s; in %s"
                                            .formatted(
                                                    result.accepted().orElseThrow().way(), model))
                            .orElse("Nothing passed the gate; no model was made."));
            say("Report: %s", where.report(home, name, MergeReport.html(name, result)));
            return (result.model().isPresent() ? ExitCode.DONE : ExitCode.REFUSED).number();
        });
    }

    /** A rule by its word. */
    static final class RuleWord implements ITypeConverter<MergePlan.Rule> {
        @Override
        public MergePlan.Rule convert(String word) {
            return Arrays.stream(MergePlan.Rule.values())
                    .filter(rule -> rule.word().equals(word))
                    .findFirst()
                    .orElseThrow(() ->
                            new TypeConversionException(
                                    "one of ties, dare, mean and task-arithmetic is expected, not '"
                                            + word
                                            + "'"));
        }
    }

    @Command(
            name = "withdraw",
            description = {
                "Take data back: nothing is built of it any more, and what was built of it is built"
                        + " again without it.",
                "Marks the data, lists every model that descends from it, and writes the plan of"
                        + " each that is to be built again, parents before children. With --run it builds"
                        + " them; an old model goes when the new one is whole. The same command goes on"
                        + " after a stop."
            },
            footer = {
                "",
                "Examples:",
                "  tapestry build withdraw 5f2c…64 hexadecimal digits… --dry-run",
                "  tapestry build withdraw 5f2c…64 hexadecimal digits… --reason 'consent withdrawn' --run"
            })
    int withdraw(
            @Parameters(
                            paramLabel = "DIGEST",
                            description =
                                    "Of a text, a card, a source or a model, as 'build lineage' prints them.")
                    Digest data,
            @Option(names = "--dry-run", description = "List the models only; mark nothing.")
                    boolean dryRun,
            @Option(names = "--run", description = "Build the models again.") boolean run,
            @Option(
                            names = "--reason",
                            paramLabel = "TEXT",
                            defaultValue = "withdrawn by the member",
                            description =
                                    "For whoever tries to build of it (default: ${DEFAULT-VALUE}).")
                    String reason,
            @Mixin Where where) {
        if (dryRun && run) {
            throw usage("either --dry-run or --run");
        }
        if (reason.isBlank() || reason.length() > 500) {
            throw usage("--reason has 1 to 500 characters");
        }
        return stoppable(stop -> {
            NodeHome home = where.home();
            Withdrawal withdrawal =
                    new Withdrawal(
                            home,
                            new ExampleTexts(),
                            where.compute(home),
                            new NodeLines(err()),
                            stop,
                            InstantSource.system());
            WithdrawalResult result =
                    dryRun
                            ? withdrawal.preview(data, reason)
                            : run ? withdrawal.run(data, reason) : withdrawal.plan(data, reason);
            where.write(result);
            if (result.models().isEmpty()) {
                say("no model descends from it");
            }
            for (WithdrawalResult.Affected each : result.models()) {
                say("%s", each.words());
                each.plan().ifPresent(file -> say("    %s", file));
            }
            if (!dryRun) {
                say(
                        "Report: %s",
                        where.report(
                                home,
                                "withdrawal-" + data.abbreviated(),
                                WithdrawalReport.html(result)));
            }
            return (run && !result.done() ? ExitCode.REFUSED : ExitCode.DONE).number();
        });
    }

    @Command(
            name = "lineage",
            description = {
                "Show the models that were made here as a tree, and what of: base, level, data, losses.",
                "With --of only those that descend from a data set, a card or a model: what has to be"
                        + " built again when that is withdrawn."
            },
            footer = {
                "",
                "Examples:",
                "  tapestry build lineage .",
                "  tapestry build lineage my-node --of 5f2c…64 hexadecimal digits… --json"
            })
    int lineage(
            @Parameters(paramLabel = "DIR", description = "Where models are built.") Path directory,
            @Option(
                            names = "--of",
                            paramLabel = "DIGEST",
                            description = "Of a data set, a card or a model.")
                    @Nullable Digest origin,
            @Option(names = "--json", description = "As one line of JSON.") boolean json) {
        ModelRegistry registry = new ModelRegistry(new NodeHome(directory));
        List<Lineage> models = origin == null ? registry.all() : registry.descendants(origin);
        if (json) {
            json(models);
            return 0;
        }
        if (models.isEmpty()) {
            say("no model%s", origin == null ? " was made here" : " descends from it");
        }
        LineageTree.lines(models).forEach(line -> say("%s", line));
        registry.withdrawn()
                .forEach(data ->
                        say("withdrawn %s on %s: %s", data.data(), data.at(), data.reason()));
        return 0;
    }

    /** Where builds work, and with what. */
    static final class Where {

        @Option(
                names = "--node",
                paramLabel = "DIR",
                description =
                        "In this node's directory, with its settings; else in the plan's directory, or the current one where there is no plan.")
        private @Nullable Path node;

        @Option(
                names = "--threads",
                paramLabel = "N",
                description = "Of training and scoring (default: all processors).")
        private @Nullable Integer threads;

        @Option(
                names = "--json",
                paramLabel = "FILE",
                description = "Write the result there too, as JSON.")
        private @Nullable Path json;

        /** The directory that was named, or this one. */
        NodeHome home() {
            return new NodeHome(node == null ? Path.of("") : node);
        }

        NodeHome home(Path plan) {
            if (!Files.isRegularFile(plan)) {
                throw new CommandException("there is no plan " + plan);
            }
            return new NodeHome(node == null ? plan.toAbsolutePath().resolveSibling(".") : node);
        }

        Compute compute(NodeHome home) {
            Compute own =
                    node != null && Files.exists(home.config())
                            ? NodeConfig.read(home).compute()
                            : Compute.standard();
            return threads == null ? own : own.withThreads(threads);
        }

        /** Writes a page about the plan's model. */
        Path report(Path plan, UnaryOperator<String> page) {
            String name = BuildPlan.read(plan).name();
            return report(home(plan), name, page.apply(name));
        }

        /** Writes a page about a model. */
        Path report(NodeHome home, String name, String page) {
            Path file = home.builds().resolve("reports").resolve(name + ".html");
            SafeFile.write(file, page);
            return file;
        }

        void write(Record result) {
            if (json != null) {
                SafeFile.write(json, CanonicalJson.write(result));
            }
        }
    }

    private BuildRun build(Where where, Path plan, StopSignal stop) {
        NodeHome home = where.home(plan);
        return new BuildRun(
                home,
                new ExampleTexts(),
                where.compute(home),
                new NodeLines(err()),
                stop,
                InstantSource.system());
    }

    private Rebase rebase(Where where, Path plan, StopSignal stop) {
        NodeHome home = where.home(plan);
        return new Rebase(
                home,
                new ExampleTexts(),
                where.compute(home),
                new NodeLines(err()),
                stop,
                InstantSource.system());
    }

    private int stoppable(ToIntFunction<StopSignal> work) {
        StopSignal stop = new StopSignal();
        try (Signals signals = Signals.during(stop::request)) {
            try {
                return work.applyAsInt(stop);
            } catch (NodeException e) {
                if (e.code() == Code.STOPPED && signals.came()) {
                    err().println("stopped; the same command goes on");
                    return signals.exitCode();
                }
                throw e;
            }
        }
    }

    private void tell(BuildPreview preview) {
        say(
                "%,d parameters, %.1f GFLOP/s in a step on this machine",
                preview.parameters(), preview.operationsPerSecond() / 1e9);
        say("%-40s %8s %14s %10s %s", "", "steps", "tokens", "memory", "time, about");
        for (StageEstimate stage : preview.stages()) {
            say(
                    "%-40s %,8d %,14d %,7d MB %s",
                    stage.title(),
                    stage.steps(),
                    stage.tokens(),
                    Math.ceilDiv(stage.memoryBytes(), 1_000_000),
                    words(preview.time(stage)));
        }
    }

    private static String words(Duration time) {
        return time.toMinutes() < 2
                ? time.toSeconds() + " s"
                : time.toHours() < 2 ? time.toMinutes() + " min" : time.toHours() + " h";
    }

    private void tell(BuildResult result) {
        say("%-40s %-12s %s", "", "own text", "retained");
        line("base", result.before());
        for (BuildResult.Done stage : result.stages()) {
            line(stage.title(), stage.after());
            EvaluationText.gates(stage.gates()).forEach(gate -> say("    %s", gate));
            stage.leftOut()
                    .ifPresent(lines ->
                            say(
                                    "  left out: %d lines as protected, %d that nobody has"
                                            + " accepted",
                                    lines.protectedLines(), lines.unreviewed()));
        }
        result.stopped()
                .ifPresent(why -> say("Stopped: %s. No model was made; change the plan.", why));
        result.model()
                .ifPresent(model ->
                        say("%.2f %% better on the own text; in %s", result.gainPercent(), model));
    }

    private void line(String name, BuildResult.Loss loss) {
        say(
                "%-40s %-12.4f %s",
                name, loss.own(), loss.retained().map("%.4f"::formatted).orElse(""));
    }
}
