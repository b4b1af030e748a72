package dev.tapestry.app.study.parity;

import dev.tapestry.app.study.Arm;
import dev.tapestry.app.study.CellStore;
import dev.tapestry.app.study.OpenCorpora;
import dev.tapestry.app.study.Texts;
import dev.tapestry.app.study.parity.StudyPlan.ArmPlan;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.training.Device;
import dev.tapestry.weights.Drafts;
import dev.tapestry.weights.ModelDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.function.Consumer;

/** Runs the cells of a plan that have not been run, and says what is known of each arm. */
final class Study {

    private final StudyPlan plan;
    private final CellStore<Cell, CellResult> store;
    private final Path adopted;
    private final Path work;
    private final String commit;
    private final int threads;
    private final Device device;
    private final Consumer<String> say;

    /**
     * A study.
     *
     * @param adopted the open base, whose tokenizer is everybody's
     * @param work where corpora are kept and models come and go; a memory file system is faster
     */
    Study(
            StudyPlan plan,
            CellStore<Cell, CellResult> store,
            Path adopted,
            Path work,
            String commit,
            int threads,
            Device device,
            Consumer<String> say) {
        this.plan = plan;
        this.store = store;
        this.adopted = adopted;
        this.work = work;
        this.commit = commit;
        this.threads = threads;
        this.device = device;
        this.say = say;
    }

    /** Runs what is to be run by this process; false if others are still at some cells. */
    boolean run() throws IOException {
        return store.run(this::due, this::run);
    }

    /** The cells that can be run now: an arm's seeds once its rate is chosen. */
    private List<Cell> due() {
        List<Cell> due = new ArrayList<>();
        for (ArmPlan arm : plan.arms()) {
            ArmResult known = result(arm);
            List<Cell> cells = new ArrayList<>();
            arm.rates().forEach(rate -> cells.add(cell(arm, rate, arm.seeds().getFirst())));
            known.chosen()
                    .ifPresent(
                            rate -> arm.seeds().forEach(seed -> cells.add(cell(arm, rate, seed))));
            cells.stream().filter(cell -> store.find(cell).isEmpty()).forEach(due::add);
        }
        return due;
    }

    private Cell cell(ArmPlan arm, double rate, long seed) {
        return arm.cell(rate, seed, plan.scoredTokens());
    }

    /** What is known of an arm. */
    ArmResult result(ArmPlan arm) {
        List<CellResult> tuning = new ArrayList<>();
        for (double rate : arm.rates()) {
            store.find(cell(arm, rate, arm.seeds().getFirst())).ifPresent(tuning::add);
        }
        Optional<Double> chosen =
                tuning.size() < arm.rates().size()
                        ? Optional.empty()
                        : tuning.stream()
                                .min(Comparator.comparingDouble(CellResult::meanBitsPerByte))
                                .map(best -> best.cell().recipe().learningRate());
        List<CellResult> seeds = new ArrayList<>();
        chosen.ifPresent(rate ->
                arm.seeds()
                        .forEach(seed -> store.find(cell(arm, rate, seed)).ifPresent(seeds::add)));
        return new ArmResult(arm, tuning, chosen, seeds);
    }

    private CellResult run(Cell cell) throws IOException {
        say.accept("begins " + cell.name());
        long begun = System.nanoTime();
        Path folder = Files.createTempDirectory(work, cell.name() + "-");
        try (Texts texts =
                new Texts(
                        OpenCorpora.packed(cell.group().members(), adopted, work),
                        Long.MAX_VALUE)) {
            Path start = folder.resolve("start");
            Path base = cell.size().base(adopted, work, threads, device, say);
            cell.start().write(base, cell.size().config(), start, cell.seed());
            Arm.Inputs inputs =
                    new Arm.Inputs(
                            start,
                            cell.shuffled() ? texts.shuffled() : texts.train(),
                            texts.heldOut(),
                            cell.scoredTokens(),
                            folder,
                            cell.seed(),
                            threads,
                            device);
            Arm.Result result = cell.training().run(inputs);
            Optional<SortedMap<MemberId, Double>> own =
                    cell.privateSteps()
                            .map(steps ->
                                    steps.run(inputs, cell.recipe(), result.model().orElseThrow()));
            double seconds = (System.nanoTime() - begun) / 1e9;
            say.accept(
                    "ended %s: %.4f bits per byte, %.0f s"
                            .formatted(cell.name(), result.mean(), seconds));
            return new CellResult(
                    cell,
                    commit,
                    threads,
                    device.equals(Device.CPU) ? Optional.empty() : Optional.of(device.toString()),
                    result.bitsPerByte(),
                    result.mean(),
                    own,
                    result.uploaded(),
                    result.downloaded(),
                    parameters(start),
                    seconds);
        } finally {
            Drafts.delete(folder);
        }
    }

    private static long parameters(Path model) {
        try (ModelDirectory directory = ModelDirectory.open(model)) {
            return directory.bytes() / Float.BYTES;
        }
    }
}
