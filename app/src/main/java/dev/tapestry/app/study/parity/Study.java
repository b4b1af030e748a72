package dev.tapestry.app.study.parity;

import dev.tapestry.app.study.Arm;
import dev.tapestry.app.study.PackedCorpora;
import dev.tapestry.app.study.Texts;
import dev.tapestry.app.study.parity.StudyPlan.ArmPlan;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.weights.Drafts;
import dev.tapestry.weights.ModelDirectory;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;

/** Runs the cells of a plan that have not been run, and says what is known of each arm. */
final class Study {

    private static final double HELD_OUT = 0.1;

    private final StudyPlan plan;
    private final CellStore store;
    private final Path adopted;
    private final Path work;
    private final String commit;
    private final int threads;
    private final Consumer<String> say;

    /**
     * A study.
     *
     * @param adopted the open base, whose tokenizer is everybody's
     * @param work where corpora are kept and models come and go; a memory file system is faster
     */
    Study(
            StudyPlan plan,
            CellStore store,
            Path adopted,
            Path work,
            String commit,
            int threads,
            Consumer<String> say) {
        this.plan = plan;
        this.store = store;
        this.adopted = adopted;
        this.work = work;
        this.commit = commit;
        this.threads = threads;
        this.say = say;
    }

    /** Runs what is to be run by this process; false if others are still at some cells. */
    boolean run() throws IOException {
        while (true) {
            boolean waiting = false;
            boolean ran = false;
            for (Cell cell : due()) {
                Optional<CellStore.Claim> claim = store.claim(cell);
                if (claim.isEmpty()) {
                    waiting = true;
                    continue;
                }
                try (CellStore.Claim _ = claim.get()) {
                    if (store.find(cell).isEmpty()) {
                        run(cell);
                    }
                }
                ran = true;
                break;
            }
            if (!ran) {
                return !waiting;
            }
        }
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

    private void run(Cell cell) throws IOException {
        say.accept("begins " + cell.name());
        long begun = System.nanoTime();
        Path folder = Files.createTempDirectory(work, cell.name() + "-");
        try (Texts texts = new Texts(packed(cell.group()), Long.MAX_VALUE)) {
            Path start = folder.resolve("start");
            cell.start().write(adopted, start, cell.seed());
            Arm.Result result =
                    cell.training()
                            .run(
                                    new Arm.Inputs(
                                            start,
                                            cell.shuffled() ? texts.shuffled() : texts.train(),
                                            texts.heldOut(),
                                            cell.scoredTokens(),
                                            folder,
                                            cell.seed(),
                                            threads));
            double seconds = (System.nanoTime() - begun) / 1e9;
            store.keep(
                    new CellResult(
                            cell,
                            commit,
                            threads,
                            result.bitsPerByte(),
                            result.mean(),
                            result.uploaded(),
                            result.downloaded(),
                            parameters(start),
                            seconds));
            say.accept(
                    "ended %s: %.4f bits per byte, %.0f s"
                            .formatted(cell.name(), result.mean(), seconds));
        } finally {
            Drafts.delete(folder);
        }
    }

    private static long parameters(Path model) {
        try (ModelDirectory directory = ModelDirectory.open(model)) {
            return directory.bytes() / Float.BYTES;
        }
    }

    /** The members' text as ids; written and packed once for all cells. */
    private SortedMap<MemberId, Path> packed(Group group) throws IOException {
        Path corpora = work.resolve("corpora");
        try (FileChannel channel =
                        FileChannel.open(
                                work.resolve(".packing"),
                                StandardOpenOption.CREATE,
                                StandardOpenOption.WRITE);
                FileLock _ = channel.lock()) {
            group.writeCorpora(corpora);
            SortedMap<MemberId, Path> members =
                    new TreeMap<>(
                            PackedCorpora.in(
                                    corpora, adopted.resolve("tokenizer.json"), HELD_OUT, work));
            members.keySet().retainAll(group.members());
            return members;
        }
    }
}
