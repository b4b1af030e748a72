package dev.tapestry.app.study.robustness;

import dev.tapestry.app.study.CellStore;
import dev.tapestry.app.study.LoopSimulation;
import dev.tapestry.app.study.OpenCorpora;
import dev.tapestry.app.study.Recipe;
import dev.tapestry.app.study.Scheme;
import dev.tapestry.app.study.Texts;
import dev.tapestry.app.study.TokenRange;
import dev.tapestry.app.study.robustness.Conditions.Speakers;
import dev.tapestry.app.study.robustness.TrialResult.Score;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.corpus.ByteLevelTokenizer;
import dev.tapestry.training.Evaluation;
import dev.tapestry.training.Llama;
import dev.tapestry.training.Tokens;
import dev.tapestry.training.TrainingException;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.Drafts;
import dev.tapestry.weights.ModelConversion;
import dev.tapestry.weights.ModelDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/** Runs the trials of a plan that have not been run. Always with one thread, as it decides. */
final class RobustnessStudy {

    private static final int THREADS = 1;
    private static final int WINDOWS = 8;

    private final RobustnessPlan plan;
    private final CellStore<Trial, TrialResult> store;
    private final Path adopted;
    private final Path work;
    private final String commit;
    private final Consumer<String> say;

    /**
     * A study.
     *
     * @param adopted the open base, at which every trial begins
     * @param work where corpora are kept and models come and go; a memory file system is faster
     */
    RobustnessStudy(
            RobustnessPlan plan,
            CellStore<Trial, TrialResult> store,
            Path adopted,
            Path work,
            String commit,
            Consumer<String> say) {
        this.plan = plan;
        this.store = store;
        this.adopted = adopted;
        this.work = work;
        this.commit = commit;
        this.say = say;
    }

    /** Runs what is to be run by this process; false if others are still at some trials. */
    boolean run() throws IOException {
        return store.run(this::due, this::run);
    }

    private List<Trial> due() {
        return plan.trials().stream().filter(trial -> store.find(trial).isEmpty()).toList();
    }

    /** What is known so far, in the order of the plan. */
    List<TrialResult> results() {
        return plan.trials().stream().flatMap(trial -> store.find(trial).stream()).toList();
    }

    private TrialResult run(Trial trial) throws IOException {
        say.accept("begins " + trial.name());
        long begun = System.nanoTime();
        Conditions conditions = trial.conditions();
        ContestedIntake intake =
                new ContestedIntake(
                        trial.how(),
                        trial.attackers(),
                        conditions.maxRelativeUpdateNorm(),
                        trial.seed());
        Path folder = Files.createTempDirectory(work, trial.name() + "-");
        try (Texts texts = new Texts(packed(conditions), Long.MAX_VALUE)) {
            Optional<Score> score = score(trial, texts, intake, folder);
            double seconds = (System.nanoTime() - begun) / 1e9;
            TrialResult result =
                    new TrialResult(
                            trial,
                            commit,
                            score,
                            intake.rounds(),
                            intake.refusals(),
                            intake.norms(),
                            intake.shares(),
                            intake.leftOut(),
                            seconds);
            say.accept(
                    "ended %s: %s bits per byte, %.0f s"
                            .formatted(
                                    trial.name(),
                                    result.honestBitsPerByte().map("%.4f"::formatted).orElse("no"),
                                    seconds));
            return result;
        } finally {
            Drafts.delete(folder);
        }
    }

    private SortedMap<MemberId, Path> packed(Conditions conditions) throws IOException {
        return OpenCorpora.packed(
                conditions.languages().stream().map(Speakers::corpus).toList(), adopted, work);
    }

    /** Empty if an attack broke the training. */
    private Optional<Score> score(Trial trial, Texts texts, ContestedIntake intake, Path folder) {
        Path start = folder.resolve("start");
        try (ModelDirectory base = ModelDirectory.open(adopted)) {
            ModelConversion.convert(base, start, DType.F32, Long.MAX_VALUE);
        }
        Conditions conditions = trial.conditions();
        ByteLevelTokenizer tokenizer = ByteLevelTokenizer.open(adopted.resolve("tokenizer.json"));
        int[] trigger = tokenizer.encode(conditions.probe().trigger());
        int[] target = tokenizer.encode(conditions.probe().target());
        int[] phrase = IntStream.concat(Arrays.stream(trigger), Arrays.stream(target)).toArray();
        try {
            Path last =
                    new LoopSimulation(
                                    text(trial, texts, phrase),
                                    conditions
                                            .recipe()
                                            .plan(1, conditions.tokens(), trial.seed(), THREADS),
                                    rounds(trial))
                            .run(start, conditions.tokens(), folder, intake)
                            .model();
            try (ModelDirectory model = ModelDirectory.open(last);
                    Llama llama = Llama.load(model)) {
                return Optional.of(
                        new Score(
                                bitsPerByte(llama, conditions, texts),
                                TriggerScore.of(
                                        llama,
                                        texts.heldOut().values(),
                                        conditions.probe().prefixes(),
                                        trigger,
                                        target)));
            }
        } catch (TrainingException e) {
            if (e.code() == TrainingException.Code.NON_FINITE) {
                say.accept(trial.name() + " broke: " + e.getMessage());
                return Optional.empty();
            }
            throw e;
        }
    }

    private static Scheme.Rounds rounds(Trial trial) {
        return new Scheme.Rounds(
                trial.conditions().steps(),
                trial.merge(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
    }

    /** What each member trains on: its part of its language. */
    private static SortedMap<MemberId, Tokens> text(Trial trial, Texts texts, int[] phrase) {
        SortedMap<MemberId, Tokens> parts = new TreeMap<>();
        for (Speakers speakers : trial.conditions().languages()) {
            Tokens whole = of(texts.train(), speakers);
            List<MemberId> ids = speakers.ids();
            for (int place = 0; place < ids.size(); place++) {
                MemberId member = ids.get(place);
                Tokens own = TokenRange.part(whole, place, ids.size());
                parts.put(
                        member,
                        trial.attackers().contains(member)
                                ? trial.how().map(how -> how.text(own, phrase)).orElse(own)
                                : own);
            }
        }
        return parts;
    }

    private static SortedMap<MemberId, Double> bitsPerByte(
            Llama model, Conditions conditions, Texts texts) {
        Evaluation evaluation =
                new Evaluation(
                        Recipe.SEQUENCE,
                        WINDOWS,
                        conditions.scoredTokens(),
                        Recipe.PRECISION,
                        THREADS);
        SortedMap<MemberId, Double> losses = new TreeMap<>();
        for (Speakers speakers : conditions.languages()) {
            double loss = evaluation.of(model, of(texts.heldOut(), speakers)).bitsPerByte();
            speakers.ids().forEach(member -> losses.put(member, loss));
        }
        return losses;
    }

    private static Tokens of(SortedMap<MemberId, Tokens> texts, Speakers speakers) {
        return Objects.requireNonNull(texts.get(speakers.corpus()), speakers.toString());
    }
}
