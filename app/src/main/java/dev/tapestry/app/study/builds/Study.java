package dev.tapestry.app.study.builds;

import dev.tapestry.app.example.ExampleTexts;
import dev.tapestry.app.study.CellStore;
import dev.tapestry.node.Compute;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeHome;
import dev.tapestry.node.NodeProgress;
import dev.tapestry.node.StopSignal;
import dev.tapestry.node.build.BuildPlan;
import dev.tapestry.node.build.BuildResult;
import dev.tapestry.node.build.BuildRun;
import dev.tapestry.training.Llama;
import dev.tapestry.training.LlamaConfig;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.Drafts;
import dev.tapestry.weights.ModelDirectory;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.DoubleFunction;

/** Runs the cells of a plan that have not been run, and says what is known of each build. */
final class Study {

    private final BuildsPlan plan;
    private final Path place;
    private final CellStore<Cell, Outcome> store;
    private final Path work;
    private final String commit;
    private final Compute compute;
    private final Consumer<String> say;

    /**
     * A study.
     *
     * @param place the directory that the plan's paths are relative to
     * @param work where texts are prepared and models come and go
     */
    Study(
            BuildsPlan plan,
            Path place,
            CellStore<Cell, Outcome> store,
            Path work,
            String commit,
            Compute compute,
            Consumer<String> say) {
        this.plan = plan;
        this.place = place;
        this.store = store;
        this.work = work;
        this.commit = commit;
        this.compute = compute;
        this.say = say;
    }

    /**
     * What is known of a build.
     *
     * @param built over the seeds, with the best rate; likewise the others
     * @param curve the first stage by rate and share of replay
     */
    record Known(String name, List<Outcome> built, List<Outcome> scratch, List<Outcome> curve) {}

    /** Runs what is to be run by this process; false if others are still at some cells. */
    boolean run() throws IOException {
        return store.run(this::due, this::run);
    }

    /** What is known of every build. */
    List<Known> known() {
        return plan.builds().stream().map(this::known).toList();
    }

    private Known known(BuildsPlan.Studied studied) {
        String name = plan(studied).name();
        return new Known(
                name,
                seeds(name, new Cell.Way.Built(), studied.rates()),
                seeds(name, new Cell.Way.Scratch(), studied.scratchRates()),
                curve(name, studied).stream().flatMap(cell -> store.find(cell).stream()).toList());
    }

    private List<Outcome> seeds(String name, Cell.Way way, List<Double> rates) {
        return chosen(name, way, rates).stream()
                .flatMap(rate -> plan.seeds().stream().map(seed -> new Cell(name, way, rate, seed)))
                .flatMap(cell -> store.find(cell).stream())
                .toList();
    }

    private List<Cell> due() {
        List<Cell> due = new ArrayList<>();
        for (BuildsPlan.Studied studied : plan.builds()) {
            String name = plan(studied).name();
            due.addAll(due(name, new Cell.Way.Built(), studied.rates()));
            due.addAll(due(name, new Cell.Way.Scratch(), studied.scratchRates()));
            due.addAll(curve(name, studied));
        }
        return due.stream().filter(cell -> store.find(cell).isEmpty()).toList();
    }

    /** A rate's trials on the first seed, and the other seeds once the rate is chosen. */
    private List<Cell> due(String name, Cell.Way way, List<Double> rates) {
        List<Cell> cells = new ArrayList<>();
        rates.forEach(rate -> cells.add(new Cell(name, way, rate, plan.seeds().getFirst())));
        chosen(name, way, rates)
                .ifPresent(rate ->
                        plan.seeds().forEach(seed -> cells.add(new Cell(name, way, rate, seed))));
        return cells;
    }

    private List<Cell> curve(String name, BuildsPlan.Studied studied) {
        DoubleFunction<Cell.Way> way = Cell.Way.Replayed::new;
        return studied.replay().stream()
                .flatMap(share ->
                        studied.rates().stream()
                                .map(rate ->
                                        new Cell(
                                                name,
                                                way.apply(share),
                                                rate,
                                                plan.seeds().getFirst())))
                .toList();
    }

    /**
     * The rate with which the first seed ended lowest on the own text; once all have been tried.
     */
    private Optional<Double> chosen(String name, Cell.Way way, List<Double> rates) {
        List<Outcome> tried =
                rates.stream()
                        .flatMap(rate ->
                                store
                                        .find(new Cell(name, way, rate, plan.seeds().getFirst()))
                                        .stream())
                        .toList();
        if (tried.size() < rates.size()) {
            return Optional.empty();
        }
        Comparator<Outcome> byLoss = Comparator.comparingDouble(outcome -> outcome.after().own());
        return tried.stream()
                .filter(outcome -> way instanceof Cell.Way.Built && remembers(outcome))
                .min(byLoss)
                .or(() -> tried.stream().min(byLoss))
                .map(best -> best.cell().rate());
    }

    private boolean remembers(Outcome outcome) {
        double most =
                planOf(outcome.cell())
                        .evaluation()
                        .maxRetentionLossPercent()
                        .orElse(Double.MAX_VALUE);
        return outcome.stages().stream()
                .allMatch(stage ->
                        stage.after().retentionLossPercent(outcome.before()).orElse(0.0) <= most);
    }

    private Outcome run(Cell cell) throws IOException {
        say.accept("begins " + cell.name());
        long begun = System.nanoTime();
        Path file = place.resolve(studied(cell).plan()).normalize();
        BuildPlan asked = planOf(cell);
        NodeHome home = new NodeHome(Files.createDirectories(work.resolve(cell.build())));
        BuildRun builds = builds(home);
        Path folder = file.resolveSibling(".").normalize();
        Path start = prepared(cell, home, builds, file, folder.resolve(asked.base()).normalize());
        BuildResult result = builds.run(Variant.of(asked, cell, start), folder);
        double seconds = (System.nanoTime() - begun) / 1e9;
        say.accept(
                "ended %s: %.4f bits per byte, %.0f s"
                        .formatted(cell.name(), result.after().own(), seconds));
        return new Outcome(
                cell,
                commit,
                compute.threads(),
                result.before(),
                result.stages().stream()
                        .map(stage -> new Outcome.Stage(stage.title(), stage.after()))
                        .toList(),
                result.stages().getLast().model().hex(),
                seconds);
    }

    /**
     * Prepares a build's texts, by one process after the other where several share the directory.
     *
     * @return what the cell begins with
     */
    private static Path prepared(Cell cell, NodeHome home, BuildRun builds, Path file, Path base)
            throws IOException {
        try (FileChannel channel =
                        FileChannel.open(
                                home.directory().resolve(".texts.lock"),
                                StandardOpenOption.CREATE,
                                StandardOpenOption.WRITE);
                FileLock _ = channel.lock()) {
            builds.prepare(file);
            return cell.way() instanceof Cell.Way.Scratch
                    ? fresh(base, home.directory().resolve("start-" + cell.seed()), cell.seed())
                    : base;
        }
    }

    /** Random weights in the shape of a base, with its tokenizer. */
    private static Path fresh(Path base, Path target, long seed) throws IOException {
        if (Files.exists(target.resolve("tokenizer.json"))) {
            return target;
        }
        Drafts.delete(target);
        try (ModelDirectory shape = ModelDirectory.open(base);
                Llama random = Llama.fresh(LlamaConfig.of(shape), seed)) {
            random.saveTo(target, DType.F32);
        }
        // What marks it as whole comes last.
        for (String name : List.of("tokenizer_config.json", "tokenizer.json")) {
            Files.copy(
                    base.resolve(name), target.resolve(name), StandardCopyOption.REPLACE_EXISTING);
        }
        return target;
    }

    private BuildRun builds(NodeHome home) {
        return new BuildRun(
                home,
                new ExampleTexts(),
                compute,
                NodeProgress.silent(),
                new StopSignal(),
                InstantSource.system());
    }

    private BuildsPlan.Studied studied(Cell cell) {
        return plan.builds().stream()
                .filter(one -> plan(one).name().equals(cell.build()))
                .findFirst()
                .orElseThrow();
    }

    private BuildPlan planOf(Cell cell) {
        return plan(studied(cell));
    }

    private BuildPlan plan(BuildsPlan.Studied studied) {
        BuildPlan asked = BuildPlan.read(place.resolve(studied.plan()));
        if (asked.isOfModel()) {
            throw new NodeException(
                    NodeException.Code.CONFIG_INVALID,
                    "%s: a studied build begins with a directory, not with %s"
                            .formatted(studied.plan(), asked.base()));
        }
        return asked;
    }
}
