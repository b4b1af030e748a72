package dev.tapestry.app.study.simulation;

import dev.tapestry.app.demo.DemoBase;
import dev.tapestry.app.study.OpenCorpora;
import dev.tapestry.app.study.Recipe;
import dev.tapestry.app.study.Texts;
import dev.tapestry.app.study.TokenRange;
import dev.tapestry.app.study.simulation.Learning.Setting;
import dev.tapestry.app.study.simulation.Text.OptimizerState;
import dev.tapestry.app.text.Language;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.node.NodeProgress;
import dev.tapestry.node.build.TrainingRun;
import dev.tapestry.node.trainer.EmbeddedTraining;
import dev.tapestry.node.trainer.RoundSteps;
import dev.tapestry.training.Evaluation;
import dev.tapestry.training.Llama;
import dev.tapestry.training.Tokens;
import dev.tapestry.training.TrainingException;
import dev.tapestry.training.TrainingPlan;
import dev.tapestry.weights.Drafts;
import dev.tapestry.weights.ModelDirectory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Supplier;

/**
 * Members that train on text with a node's own trainer, one after the other: only one model and one
 * optimiser are in memory at a time, the others' states lie in files.
 */
final class TextWork implements LocalWork {

    private static final int WINDOWS = 8;

    /** A pass forward is a third of a step's work. */
    private static final double FORWARD = 1.0 / 3;

    /** One member's text. */
    private record Reader(int place, MemberId corpus, Tokens text) {}

    private final Text learning;
    private final Setting setting;
    private final Texts texts;
    private final SortedMap<MemberId, Reader> readers = new TreeMap<>();

    private TextWork(Text learning, Setting setting, Texts texts) {
        this.learning = learning;
        this.setting = setting;
        this.texts = texts;
        int languages = learning.languages().size();
        for (int place = 0; place < setting.members(); place++) {
            int language = place % languages;
            MemberId corpus = corpus(learning.languages().get(language));
            int speakers = Math.ceilDiv(setting.members() - language, languages);
            Tokens whole = texts.train().get(corpus);
            if (whole == null) {
                throw new IllegalStateException("no text in " + corpus);
            }
            readers.put(
                    new MemberId("%s-%03d".formatted(corpus, place / languages + 1)),
                    new Reader(place, corpus, TokenRange.part(whole, place / languages, speakers)));
        }
    }

    /** One at a time: the text is packed under a lock that is the process's. */
    static synchronized TextWork open(Text learning, Setting setting) throws IOException {
        List<MemberId> corpora = learning.languages().stream().map(TextWork::corpus).toList();
        Texts texts =
                new Texts(
                        OpenCorpora.packed(corpora, setting.resources().adopted(), setting.cache()),
                        Long.MAX_VALUE);
        try {
            return new TextWork(learning, setting, texts);
        } catch (RuntimeException e) {
            texts.close();
            throw e;
        }
    }

    private static MemberId corpus(Language language) {
        return new MemberId(language.code());
    }

    @Override
    public List<MemberId> members() {
        return List.copyOf(readers.keySet());
    }

    @Override
    public void writeStart(Path target) {
        learning.start()
                .write(setting.resources().adopted(), target, DemoBase.VOCABULARY, setting.seed());
    }

    @Override
    public TrainingRun.Result train(Task task, Path target) {
        Reader reader = reader(task.member());
        Path states = setting.folder().resolve("states-of-" + task.member());
        EmbeddedTraining trainer =
                new EmbeddedTraining(
                        states,
                        NodeProgress.silent(),
                        setting.resources().stop(),
                        InstantSource.system());
        TrainingRun.Result result =
                numbers(() ->
                        trainer.train(
                                new RoundSteps(
                                        task.round(),
                                        plan(reader, task.round()),
                                        task.steps(),
                                        task.scheduleTokens(),
                                        task.ahead()),
                                task.base(),
                                reader.text(),
                                target,
                                task.gradients()));
        trainer.rest(); // what the next steps begin from lies in files
        if (forgets()) {
            try {
                Drafts.delete(states);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return result;
    }

    /** The place in the text is kept with the optimiser's state; without it each round has one. */
    private TrainingPlan plan(Reader reader, RoundNumber round) {
        long seed = setting.seed() * 1_000 + reader.place();
        return learning.recipe()
                .plan(
                        1,
                        setting.totalTokens(),
                        forgets() ? seed + ((long) round.value() << 32) : seed,
                        setting.resources().threads());
    }

    @Override
    public boolean forgets() {
        return learning.optimizerState() == OptimizerState.DROPPED;
    }

    @Override
    public SortedMap<MemberId, Double> losses(Path model) {
        Evaluation evaluation =
                new Evaluation(
                        Recipe.SEQUENCE,
                        WINDOWS,
                        learning.scoredTokens(),
                        Recipe.PRECISION,
                        setting.resources().threads());
        SortedMap<MemberId, Double> byCorpus = new TreeMap<>();
        try (ModelDirectory directory = ModelDirectory.open(model);
                Llama llama = Llama.load(directory)) {
            texts.heldOut()
                    .forEach((corpus, text) -> {
                        setting.resources().stop().check();
                        byCorpus.put(
                                corpus, numbers(() -> evaluation.of(llama, text)).bitsPerByte());
                    });
        }
        SortedMap<MemberId, Double> losses = new TreeMap<>();
        readers.forEach((member, reader) ->
                losses.put(member, byCorpus.getOrDefault(reader.corpus(), 0.0)));
        return losses;
    }

    private static <T> T numbers(Supplier<T> work) {
        try {
            return work.get();
        } catch (TrainingException e) {
            if (e.code() == TrainingException.Code.NON_FINITE) {
                throw new Diverged(String.valueOf(e.getMessage()));
            }
            throw e;
        }
    }

    private Reader reader(MemberId member) {
        Reader reader = readers.get(member);
        if (reader == null) {
            throw new IllegalArgumentException(member + " is none of " + readers.keySet());
        }
        return reader;
    }

    @Override
    public double stepsToScore() {
        double perStep = (double) learning.recipe().batchSequences() * Recipe.SEQUENCE;
        return FORWARD * learning.scoredTokens() / perStep;
    }

    @Override
    public long scoredBytes() {
        Tokens text = texts.heldOut().values().iterator().next();
        double share = (double) Math.min(learning.scoredTokens(), text.count()) / text.count();
        return Math.max(1, Math.round(share * text.bytes()));
    }

    @Override
    public void close() {
        texts.close();
    }
}
